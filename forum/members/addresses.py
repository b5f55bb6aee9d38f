"""Changing one's mail address: the new one must confirm, the old one is told and can take it back."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Gone, Invalid
from forum.members import accounts, identities, joining, mailed_keys, mailing, proving
from forum.members.actors import actor_of
from forum.members.keys import address_key, checked_address
from forum.members.policies import may_sign_in_settings
from forum.members.tables import Credential, MailAddress, MailedToken, Member


def change(session: Session, actor: Actor, *, mail: str, password: str = "", token: str | None = None) -> bool:
    """Say that another address is one's own: a link goes there, and nothing changes until it is followed.

    What proves that it is oneself is in `proving`; `token` is that of the session that asks. Whoever has no address yet gets one so.
    False where that address had its share of mails for today, so that none was sent. Whether it is somebody's, nobody is told.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: (field "mail" or "password") one of them will not do.
    """
    require(may_sign_in_settings(actor))
    member = locked(session, Member, actor.member_id or 0)
    mail = checked_address(mail)
    proving.require_oneself(session, member.id, password=password, token=token)
    if address_key(mail) in _own_keys(session, member.id):
        raise Invalid({"mail": N_("That is your address already.")})
    _claim(session, member.id, mail)
    kind = "verify" if actor.unverified else "change"
    return mailing.queue_typed(session, kind=kind, address=mail, member_id=member.id)


def _own_keys(session: Session, member_id: int) -> set[str]:
    mine = (MailAddress.member_id == member_id, MailAddress.verified_at.is_not(None))
    return set(session.scalars(select(MailAddress.address_key).where(*mine)))


def _claim(session: Session, member_id: int, mail: str) -> None:
    """At most one address waits; the keys that were sent to another one end."""
    before = (MailAddress.member_id == member_id, MailAddress.verified_at.is_(None))
    session.execute(delete(MailAddress).where(*before))
    mailed_keys.end(session, MailedToken.member_id == member_id, MailedToken.purpose.in_(("verify", "change")))
    session.add(MailAddress(member_id=member_id, address=mail, address_key=address_key(mail), created_at=now()))
    session.flush()


def confirm_change(session: Session, *, key: str) -> int:
    """Make the new address the member's own, with the key that went there; returns whose it is. The old one is told.

    Raises:
        Gone: the key is not good any more, or the address became somebody else's meanwhile.
    """
    token = mailed_keys.use(session, purpose="change", key=key)
    member_id, token_id = token.member_id, token.id
    mine = (MailAddress.member_id == member_id, MailAddress.verified_at.is_not(None))
    old = {row.id: row.address for row in session.scalars(select(MailAddress).where(*mine))}
    joining.own(session, member_id=member_id, address=token.address)
    session.execute(delete(MailAddress).where(MailAddress.id.in_(old)))
    mailed_keys.end_all(session, member_id=member_id)
    for number, address in enumerate(old.values()):
        cause = f"changed:{member_id}:{token_id}:{number}"
        mailing.queue(session, kind="changed", cause=cause, member_id=member_id, address=address)
    return member_id


def take_back(session: Session, *, key: str) -> int:
    """Give an account back to the address that it had, with the key that went there; returns whose it is.

    Whoever changed it may have the password and may have connected an account elsewhere, so those and every session, token and
    key end, and a new password is set by mail. Ask `belonging.settle` afterwards.

    Raises:
        Gone: the key is not good any more, or the address became somebody else's meanwhile.
    """
    token = mailed_keys.use(session, purpose="revert", key=key)
    member_id, address, folded = token.member_id, token.address, address_key(token.address)
    locked(session, Member, member_id)
    owner = select(MailAddress.member_id).where(
        MailAddress.address_key == folded, MailAddress.verified_at.is_not(None), MailAddress.member_id != member_id
    )
    if session.scalar(owner) is not None:
        raise Gone(joining.TAKEN)
    accounts.lock_out(session, member_id=member_id)
    identities.drop_all(session, actor_of(session, member_id), member_id=member_id)
    mailed_keys.end_all(session, member_id=member_id, but=())
    session.execute(delete(Credential).where(Credential.member_id == member_id))
    session.execute(delete(MailAddress).where(MailAddress.member_id == member_id))
    moment = now()
    session.add(
        MailAddress(member_id=member_id, address=address, address_key=folded, verified_at=moment, created_at=moment)
    )
    mailing.queue(session, kind="reset", cause=f"taken-back:{member_id}:{moment.isoformat()}", address=address)
    outbox.record(session, MemberChanged(member_id=member_id))
    return member_id
