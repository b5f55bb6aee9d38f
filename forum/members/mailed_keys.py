"""Keys that went out by mail: for one purpose, hashed here, good once and for a while, ended by whatever makes them wrong.

A key is made from the mail it goes with, so a mail that is sent again says the same: whichever copy arrives first works.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, String, bindparam, delete, select, update
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.kernel.errors import N_, Gone
from forum.members.signing_in import token_hash
from forum.members.tables import MailDelivery, MailedToken, Member

LIVES: Final = {
    "verify": timedelta(days=3),
    "reset": timedelta(hours=1),
    "change": timedelta(days=1),
    "revert": timedelta(days=7),
    "restore": timedelta(days=30),
    "delete": timedelta(hours=1),
}
"""The purposes, and how long a key for each is good."""

_T, _M = MailedToken.__table__.c, Member.__table__.c
_FOUND = (
    select(_T.member_id, _T.address, _T.expires_at, _M.handle, _M.name)
    .join(Member.__table__, _M.id == _T.member_id)
    .where(
        _T.token_hash == bindparam("token_hash", type_=String),
        _T.purpose == bindparam("purpose", type_=String),
        _T.used_at.is_(None),
        _M.deleted_at.is_(None),
    )
)
_OVER = N_("This link was used already, or is too old, or a newer one was sent.")


class Found(msgspec.Struct, frozen=True, array_like=True):
    """Whose key it is, and the address it was sent to."""

    member_id: int
    address: str
    expires_at: datetime
    handle: str
    name: str


def key_of(secret_key: str, mail: MailDelivery) -> str:
    """The key that goes with this mail, the same each time it is sent: 32 letters, 192 bits.

    It is HMAC-SHA-256 over what identifies the mail, so the database alone does not tell it.
    """
    secret = hashlib.sha256(b"loggia mailed key\0" + secret_key.encode()).digest()
    about = f"{mail.id}\0{mail.cause}\0{mail.created_at.isoformat()}"
    return base64.urlsafe_b64encode(hmac.digest(secret, about.encode(), "sha256")[:24]).decode("ascii")


def keep(
    session: Session, *, member_id: int, purpose: str, address: str, key: str, asked_at: datetime
) -> datetime | None:
    """Note that this key is on its way, and end the older ones that it replaces. Returns until when it is good.

    None where it is over already: used, so that its mail had arrived, or ended by one that was asked for later.
    """
    moment, hashed = now(), token_hash(key)
    known = session.scalar(select(MailedToken).where(MailedToken.token_hash == hashed).with_for_update())
    if known is not None:
        return known.expires_at if known.used_at is None else None
    same = [MailedToken.member_id == member_id, MailedToken.purpose == purpose]
    if purpose == "revert":
        same.append(MailedToken.address == address)
    if session.scalar(select(MailedToken.id).where(*same, MailedToken.created_at > asked_at).limit(1)) is not None:
        return None
    end(session, *same)
    until = moment + LIVES[purpose]
    session.add(
        MailedToken(
            member_id=member_id,
            purpose=purpose,
            address=address,
            token_hash=hashed,
            created_at=asked_at,
            expires_at=until,
        )
    )
    session.flush()
    return until


def look(connection: Connection, *, purpose: str, key: str) -> Found:
    """What a key would do, for the page that asks before doing it. Nothing changes.

    Raises:
        Gone: it is none of ours, or not good any more.
    """
    row = connection.execute(_FOUND, {"token_hash": token_hash(key), "purpose": purpose}).one_or_none()
    if row is None or row.expires_at <= now():
        raise Gone(_OVER)
    return Found(*row)


def use(session: Session, *, purpose: str, key: str) -> MailedToken:
    """Take a key. Of any number who come with it at once, one succeeds.

    Raises:
        Gone: it is none of ours, or not good any more.
    """
    moment = now()
    taken: Any = session.execute(
        update(MailedToken)
        .where(
            MailedToken.token_hash == token_hash(key),
            MailedToken.purpose == purpose,
            MailedToken.used_at.is_(None),
            MailedToken.expires_at > moment,
        )
        .values(used_at=moment)
        .returning(MailedToken)
    ).scalar_one_or_none()
    if taken is None:
        raise Gone(_OVER)
    return taken  # type: ignore[no-any-return]


def end_all(session: Session, *, member_id: int, but: tuple[str, ...] = ("revert",)) -> None:
    """End a member's keys: their address, password or account changed. The way back to an old address outlives that."""
    end(session, MailedToken.member_id == member_id, MailedToken.purpose.not_in(but))


def end(session: Session, *which: ColumnElement[bool]) -> None:
    """End keys. They are marked, not forgotten, so that a mail that is sent once more does not bring one back to life."""
    session.execute(
        update(MailedToken)
        .where(MailedToken.used_at.is_(None), *which)
        .values(used_at=now())
        .execution_options(synchronize_session=False)
    )


def prune(session: Session) -> None:
    """Forget keys that are no longer good."""
    session.execute(delete(MailedToken).where(MailedToken.expires_at < now() - timedelta(days=1)))
