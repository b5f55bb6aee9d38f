"""Coming in by oneself: an account is opened at once, and takes part once its owner shows that the address is theirs.

Whether an address is somebody's already decides nothing here, neither what is answered nor how long it takes: the mail differs,
and only the owner of the mailbox reads that.
"""

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Gone
from forum.members import accounts, mailed_keys, mailing, site
from forum.members.keys import address_key
from forum.members.policies import may_sign_in_settings
from forum.members.tables import MailAddress, MailedToken, Member

TAKEN = N_("This address belongs to an account already. Sign in to that one, or have a new password sent to it.")


def join(
    session: Session, *, handle: str, mail: str, password: str, locale: str = "", is_invited: bool = False
) -> Member:
    """Open an account and send its owner a link that confirms the address.

    Raises:
        NotAllowed: nobody may come in by themselves just now, or only who is invited.
        Invalid: with a sentence for each field that needs mending. An address that is somebody's is no such thing.
    """
    site.require_open(session, is_invited=is_invited)
    member = accounts.register(session, handle=handle, mail=mail, password=password, locale=locale, is_verified=False)
    mailing.queue_typed(session, kind="verify", address=mail, member_id=member.id)
    return member


def send_again(session: Session, actor: Actor) -> bool:
    """Send the link once more. False where the address had its share of mails for today, or none waits to be confirmed.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    waiting = waiting_address(session, actor.member_id or 0)
    kind = "verify" if actor.unverified else "change"
    return waiting is not None and mailing.queue_typed(session, kind=kind, address=waiting, member_id=actor.member_id)


def waiting_address(connection: Connection | Session, member_id: int) -> str | None:
    """The address that a member said is theirs and has not confirmed yet."""
    mine = (MailAddress.member_id == member_id, MailAddress.verified_at.is_(None))
    return connection.scalar(select(MailAddress.address).where(*mine).order_by(MailAddress.id.desc()).limit(1))


def confirm(session: Session, *, key: str) -> int:
    """Confirm the first address of an account with the key that was mailed to it; returns whose it is.

    Raises:
        Gone: the key is not good any more, or the address became somebody else's meanwhile.
    """
    token = mailed_keys.use(session, purpose="verify", key=key)
    own(session, member_id=token.member_id, address=token.address)
    return token.member_id


def own(session: Session, *, member_id: int, address: str) -> None:
    """Make an address that was proven the member's own. Whoever else said that it is theirs is left without it.

    Raises:
        Gone: it became somebody else's meanwhile.
    """
    locked(session, Member, member_id)
    key = address_key(address)
    same = select(MailAddress).where(MailAddress.address_key == key).order_by(MailAddress.id)
    rows = session.scalars(same.with_for_update().execution_options(populate_existing=True)).all()
    mine = next((row for row in rows if row.member_id == member_id), None)
    if mine is None or any(row.verified_at is not None and row is not mine for row in rows):
        raise Gone(TAKEN)
    _forget_claims(session, key=key, but=member_id)
    mine.verified_at = mine.verified_at or now()
    session.flush()
    outbox.record(session, MemberChanged(member_id=member_id))


def _forget_claims(session: Session, *, key: str, but: int) -> None:
    """The keys that others were sent for this address end. Their claim stays, so that they stay unconfirmed."""
    others = select(MailAddress.member_id).where(MailAddress.address_key == key, MailAddress.member_id != but)
    mailed_keys.end(session, MailedToken.member_id.in_(others), MailedToken.purpose.in_(("verify", "change")))
