"""Whom a mail goes to and what it may still say, decided when it is sent: the state of then counts, not that of when it was asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.members import mailed_keys
from forum.members.keys import address_key
from forum.members.mailing import Letter
from forum.members.tables import MailAddress, MailDelivery, Member

OLDEST: Final = {
    "verify": timedelta(days=1),
    "change": timedelta(hours=12),
    "reset": timedelta(minutes=30),
    "delete": timedelta(minutes=30),
    "password": timedelta(days=2),
}
"""How long a mail of a kind is of use; later it is dropped."""
_OLDEST_OTHER: Final = timedelta(days=5)


def is_too_old(kind: str, created_at: datetime) -> bool:
    """Whether a mail of that kind, asked for then, is of no use any more."""
    return now() - created_at > OLDEST.get(kind, _OLDEST_OTHER)


def useful_since(kind: Any, created_at: Any) -> ColumnElement[bool]:
    """The same asked of rows, turned round: that a mail is still of use."""
    moment = now()
    others = and_(kind.not_in(OLDEST), created_at >= moment - _OLDEST_OTHER)
    return or_(others, *(and_(kind == one, created_at >= moment - oldest) for one, oldest in OLDEST.items()))


class Dropped(Exception):
    """The mail is not to be sent; the message says why, for whoever looks at the row."""


@dataclass(frozen=True, slots=True)
class _To:
    """Somebody a mail can go to, and the purpose of the key it brings, if any."""

    member: Member
    address: str
    purpose: str = ""
    kind: str = ""


def letter_of(session: Session, mail: MailDelivery, *, secret_key: str) -> Letter:
    """What the mail says now. Its key, if it brings one, is noted here: commit before it is sent.

    Raises:
        Dropped: it came too late, or what it was for is over.
    """
    if is_too_old(mail.kind, mail.created_at):
        raise Dropped("too old to be of use")
    if mail.kind == "deleted":
        locale, name, handle = (str(mail.values.get(field, "")) for field in ("locale", "name", "handle"))
        return Letter(kind="deleted", address=mail.address, locale=locale, name=name, handle=handle)
    find = _FOUND.get(mail.kind)
    if find is None:
        raise Dropped("this version does not know the kind")
    to = find(session, mail)
    key, until = "", None
    if to.purpose:
        key = mailed_keys.key_of(secret_key, mail)
        until = mailed_keys.keep(
            session, member_id=to.member.id, purpose=to.purpose, address=to.address, key=key, asked_at=mail.created_at
        )
        if until is None:
            raise Dropped("its link was used, or a newer one was sent")
    return Letter(
        kind=to.kind or mail.kind, locale=to.member.locale, address=to.address, name=to.member.name,
        handle=to.member.handle, key=key, until=until, values=mail.values,
    )  # fmt: skip


def _present(session: Session, member_id: int | None) -> Member:
    member = None if member_id is None else session.get(Member, member_id)
    if member is None or member.deleted_at is not None:
        raise Dropped("the account is gone")
    return member


def _own(session: Session, member_id: int) -> str:
    mine = (MailAddress.member_id == member_id, MailAddress.verified_at.is_not(None))
    found = session.scalar(select(MailAddress.address).where(*mine).order_by(MailAddress.verified_at.desc()).limit(1))
    if found is None:
        raise Dropped("the account has no address")
    return found


def _owner(session: Session, key: str) -> MailAddress | None:
    return session.scalar(
        select(MailAddress).where(MailAddress.address_key == key, MailAddress.verified_at.is_not(None))
    )


def _claimed(session: Session, mail: MailDelivery) -> _To:
    """Somebody says that an address is theirs. If it is somebody else's, the owner is told, and nobody else."""
    member, key = _present(session, mail.member_id), address_key(mail.address)
    owner = _owner(session, key)
    if owner is not None and owner.member_id != member.id:
        return _To(_present(session, owner.member_id), owner.address, kind="taken")
    mine = (MailAddress.member_id == member.id, MailAddress.address_key == key, MailAddress.verified_at.is_(None))
    claim = session.scalar(select(MailAddress.address).where(*mine))
    if claim is None:
        raise Dropped("there is nothing to confirm any more")
    return _To(member, claim, purpose=mail.kind)


def _resetting(session: Session, mail: MailDelivery) -> _To:
    """The owner of the address; else, of those who say it is theirs, the latest, to whom it then belongs."""
    key = address_key(mail.address)
    owner = _owner(session, key) or session.scalar(
        select(MailAddress).where(MailAddress.address_key == key).order_by(MailAddress.id.desc()).limit(1)
    )
    if owner is None:
        raise Dropped("nobody has this address")
    return _To(_present(session, owner.member_id), owner.address, purpose="reset")


def _to_old_address(session: Session, mail: MailDelivery) -> _To:
    return _To(_present(session, mail.member_id), mail.address, purpose="revert")


def _to_oneself(session: Session, mail: MailDelivery) -> _To:
    member = _present(session, mail.member_id)
    return _To(member, _own(session, member.id))


def _to_whoever_is_away(session: Session, mail: MailDelivery) -> _To:
    member = _present(session, mail.member_id)
    if member.deactivated_at is None:
        raise Dropped("the account is open again")
    return _To(member, _own(session, member.id), purpose="restore")


def _to_whoever_leaves(session: Session, mail: MailDelivery) -> _To:
    member = _present(session, mail.member_id)
    return _To(member, _own(session, member.id), purpose="delete")


_FOUND: Final[dict[str, Callable[[Session, MailDelivery], _To]]] = {
    "verify": _claimed,
    "change": _claimed,
    "reset": _resetting,
    "changed": _to_old_address,
    "password": _to_oneself,
    "connected": _to_oneself,
    "deactivated": _to_whoever_is_away,
    "delete": _to_whoever_leaves,
}
