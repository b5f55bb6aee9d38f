"""What a decision about a person shows of them: who they are, and what is in force against them now."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, String, bindparam, select
from sqlalchemy.sql import Select

from forum.kernel.clock import now
from forum.kernel.errors import NotFound
from forum.members.keys import handle_key
from forum.members.tables import Member

_M = Member.__table__.c


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A person. What is over is None."""

    id: int
    handle: str
    name: str
    role: str
    suspended_until: datetime | None
    silenced_until: datetime | None


_HELD: Select[Any] = select(_M.id, _M.handle, _M.name, _M.role, _M.suspended_until, _M.silenced_until).where(
    _M.handle_key == bindparam("key", type_=String), _M.deleted_at.is_(None)
)


def held(connection: Connection, *, handle: str) -> Held:
    """Who has this handle.

    Raises:
        NotFound: nobody, or no longer.
    """
    row = connection.execute(_HELD, {"key": handle_key(handle)}).one_or_none()
    if row is None:
        raise NotFound()
    return Held(
        id=row.id, handle=row.handle, name=row.name, role=row.role,
        suspended_until=_in_force(row.suspended_until), silenced_until=_in_force(row.silenced_until),
    )  # fmt: skip


def _in_force(until: datetime | None) -> datetime | None:
    return until if until is not None and until > now() else None
