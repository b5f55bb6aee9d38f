"""Groups as administrators see them: all of them with how many people, and one with its people."""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.policies import may_administer
from forum.members.tables import Group, GroupMember, Member

_G, _P, _M = Group.__table__.c, GroupMember.__table__.c, Member.__table__.c


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """A group. `claim` is what a provider calls it, `level` from which trust level on one belongs."""

    id: int
    name: str
    kind: str
    description: str
    claim: str
    level: int
    people: int


class InGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a group; `source` says who put them there."""

    id: int
    handle: str
    name: str
    source: str


_COUNT = select(func.count()).where(_P.group_id == _G.id).correlate(Group.__table__).scalar_subquery().label("people")
_COLUMNS = (_G.id, _G.name, _G.kind, _G.description, _G.claim, _G.level, _COUNT)
_ALL: Select[Any] = select(*_COLUMNS).order_by(_G.name_key).limit(1000)
_ONE: Select[Any] = select(*_COLUMNS).where(_G.id == bindparam("group_id", type_=BigInteger))
_PEOPLE: Select[Any] = (
    select(_M.id, _M.handle, _M.name, _P.source)
    .join(GroupMember.__table__, _P.member_id == _M.id)
    .where(_P.group_id == bindparam("group_id", type_=BigInteger), _M.id > bindparam("after", type_=BigInteger))
    .order_by(_M.id)
    .limit(bindparam("limit"))
)


def group_list(connection: Connection, actor: Actor) -> tuple[GroupLine, ...]:
    """Every group by its name.

    Raises:
        NotAllowed: only administrators see them all.
    """
    require(may_administer(actor))
    return tuple(GroupLine(**row._mapping) for row in connection.execute(_ALL))


def group_page(
    connection: Connection, actor: Actor, *, group_id: int, cursor: str = "", limit: int = 50
) -> tuple[GroupLine, Page[InGroup]]:
    """One group, and its people in the order in which they came here.

    Raises:
        NotAllowed: only administrators see it so.
        NotFound: there is no such group.
        Invalid: the cursor is not one of ours.
    """
    require(may_administer(actor))
    row = connection.execute(_ONE, {"group_id": group_id}).one_or_none()
    if row is None:
        raise NotFound()
    after = decode_cursor(cursor, int)[0] if cursor else 0
    found = connection.execute(_PEOPLE, {"group_id": group_id, "after": after, "limit": limit + 1}).all()
    items = tuple(InGroup(**one._mapping) for one in found[:limit])
    return GroupLine(**row._mapping), Page(
        items=items, next=encode_cursor(items[-1].id) if len(found) > limit else None
    )
