"""Leaving: for a while, or for good. What somebody gave to others stays in either case; for good, who they were does not."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.events import MemberChanged, MemberDeleted
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import Database, locked
from forum.kernel.errors import N_, Conflict, Invalid
from forum.members import accounts, mailed_keys, mailing, proving, signing_in
from forum.members.keys import handle_key
from forum.members.policies import may_sign_in_settings
from forum.members.tables import (
    Affiliation,
    ApiToken,
    Consent,
    Credential,
    GroupMember,
    Identity,
    ImportedBadge,
    MailAddress,
    MailDelivery,
    MailedToken,
    Member,
    SignIn,
)

AWAY: Final = timedelta(days=30)
"""How long a deactivated account can be opened again; after that it is deleted."""
UNCONFIRMED: Final = timedelta(days=7)
"""How long an account waits for its address to be confirmed."""
FORMER_NAME: Final = "Former member"
FORMER: Final = "~"
"""How the handle of somebody who left begins. Nobody can choose one that does."""
_THEIRS: tuple[Any, ...] = (
    MailAddress, Credential, SignIn, ApiToken, MailedToken, MailDelivery, Identity, Consent, GroupMember, ImportedBadge,
)  # fmt: skip


def deactivate(session: Session, actor: Actor, *, password: str = "", token: str | None = None) -> None:
    """Close one's account for a while: nobody can use it, and its owner opens it again by signing in within `AWAY`.

    What proves that it is oneself is in `proving`; `token` is that of the session that asks.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: (field "password") nothing proves that it is they.
        Conflict: nobody else administers the installation.
    """
    member = _leaver(session, actor)
    proving.require_oneself(session, member.id, password=password, token=token)
    member.deactivated_at = now()
    accounts.lock_out(session, member_id=member.id)
    cause = f"deactivated:{member.id}:{member.deactivated_at.isoformat()}"
    mailing.queue(session, kind="deactivated", cause=cause, member_id=member.id)
    outbox.record(session, MemberChanged(member_id=member.id))


def come_back(session: Session, *, key: str) -> int:
    """Open a deactivated account again with the key that was mailed; returns whose it is.

    Raises:
        Gone: the key is not good, or no longer.
    """
    token = mailed_keys.use(session, purpose="restore", key=key)
    signing_in.come_back(session, member_id=token.member_id)
    return token.member_id


def delete(session: Session, actor: Actor, *, handle: str, password: str = "", token: str | None = None) -> None:
    """Delete one's account for good: the person becomes nobody in particular, and what they wrote stays.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: (field "handle" or "password") what was typed is not theirs, or nothing proves that it is they.
        Conflict: nobody else administers the installation.
    """
    member = _leaver(session, actor)
    _check_handle(member, handle)
    proving.require_oneself(session, member.id, password=password, token=token)
    _say_goodbye(session, member)


def ask_for_key(session: Session, actor: Actor) -> None:
    """Have a key mailed that deletes the account, for those who have no password. Asked again, the older key ends.

    Raises:
        NotAllowed: nobody is signed in.
        Conflict: nobody else administers the installation, or there is no address that a mail could go to.
    """
    member = _leaver(session, actor)
    if session.scalar(_own_address(member.id)) is None:
        raise Conflict(N_("Your account has no confirmed address that a link could go to."))
    hour = now().strftime("%Y-%m-%dT%H")  # one an hour, as long as it is good
    mailing.queue(session, kind="delete", cause=f"delete:{member.id}:{hour}", member_id=member.id)


def delete_by_key(session: Session, *, key: str, handle: str) -> None:
    """The same as `delete`, with the mailed key instead of a password.

    Raises:
        Gone: the key is not good, or no longer.
        Invalid: (field "handle") what was typed is not theirs.
        Conflict: nobody else administers the installation.
    """
    token = mailed_keys.use(session, purpose="delete", key=key)
    member = locked(session, Member, token.member_id)
    _check_handle(member, handle)
    _check_not_the_last(session, member)
    _say_goodbye(session, member)


def delete_the_long_gone(db: Database) -> int:
    """Delete accounts that stayed deactivated, and those whose address was never confirmed; returns how many. A hundred a time."""
    moment = now()
    unconfirmed = and_(
        Member.created_at < moment - UNCONFIRMED,
        exists().where(MailAddress.member_id == Member.id, MailAddress.verified_at.is_(None)),
        ~exists().where(MailAddress.member_id == Member.id, MailAddress.verified_at.is_not(None)),
        ~exists().where(Identity.member_id == Member.id),  # an account elsewhere is a proof of another kind
    )
    gone = or_(Member.deactivated_at < moment - AWAY, unconfirmed)
    with db.transaction() as session:
        found = session.scalars(
            select(Member)
            .where(Member.deleted_at.is_(None), gone)
            .order_by(Member.id)
            .limit(100)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        for member in found:
            anonymise(session, member)
        return len(found)


def anonymise(session: Session, member: Member) -> None:
    """Take away all that says who a member was. The row, and what others have of it, stays."""
    session.flush()
    for table in _THEIRS:
        session.execute(sql_delete(table).where(table.member_id == member.id))
    session.execute(
        update(Affiliation).where(Affiliation.member_id == member.id, Affiliation.until.is_(None)).values(until=now())
    )
    bound = (Affiliation.member_id == member.id, Affiliation.kind != "staff")
    session.execute(update(Affiliation).where(*bound).values(team=""))
    member.handle = member.handle_key = f"{FORMER}{member.id}"
    member.name, member.role, member.privileges = FORMER_NAME, "member", []
    member.locale = member.time_zone = member.bio = member.bio_html = member.avatar = ""
    member.is_unlisted = member.hides_activity = True
    member.deactivated_at, member.deleted_at = None, now()
    outbox.record(session, MemberDeleted(member_id=member.id))


def _leaver(session: Session, actor: Actor) -> Member:
    require(may_sign_in_settings(actor))
    member = locked(session, Member, actor.member_id or 0)
    _check_not_the_last(session, member)
    return member


def _check_not_the_last(session: Session, member: Member) -> None:
    """All administrators' rows are held, so that of two who leave at once one stays."""
    present = (Member.role == "administrator", Member.deleted_at.is_(None), Member.deactivated_at.is_(None))
    held = select(Member.id).where(*present).order_by(Member.id).with_for_update(key_share=True)
    if session.scalars(held).all() == [member.id]:
        raise Conflict(N_("You are the only administrator here. Make somebody else one first."))


def _check_handle(member: Member, handle: str) -> None:
    if handle_key(handle.strip().removeprefix("@")) != member.handle_key:
        raise Invalid({"handle": N_("Type the name of your account, exactly as it is shown here.")})


def _own_address(member_id: int) -> Select[str]:
    mine = (MailAddress.member_id == member_id, MailAddress.verified_at.is_not(None))
    return select(MailAddress.address).where(*mine).limit(1)


def _say_goodbye(session: Session, member: Member) -> None:
    """The last mail goes to an address that the account does not have any more when it is sent."""
    address = session.scalar(_own_address(member.id))
    said = {"locale": member.locale, "name": member.name, "handle": member.handle}
    member_id = member.id
    anonymise(session, member)
    if address is not None:
        mailing.queue(session, kind="deleted", cause=f"deleted:{member_id}", address=address, values=said)
