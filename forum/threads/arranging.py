"""Categories as those see them who program against them or arrange them: every field, and their order."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.errors import NotFound
from forum.members import audit
from forum.members.tables import Member
from forum.threads.categories import Admitted
from forum.threads.places import category_list
from forum.threads.policies import may_manage_categories
from forum.threads.tables import Category, CategoryGroup, CategoryModerator, Words

_C = Category.__table__.c


class CategoryDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A category with everything that can be set; `audience`, `openers` and `repliers` are clearances."""

    id: int
    slug: str
    name: str
    description: str
    icon: str
    position: int
    kinds: list[str]
    audience: int
    openers: int
    repliers: int
    several_solutions: bool
    peers_first_hours: int
    words: Words
    thread_count: int
    open_count: int


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What a category leaves to groups and people, told to administrators alone: the name of a group may be private."""

    groups: tuple[Admitted, ...]
    moderators: tuple[str, ...]


_DETAILS: Select[Any] = select(*(_C[field] for field in CategoryDetails.__struct_fields__)).order_by(_C.position, _C.id)

_G, _P, _M = CategoryGroup.__table__.c, CategoryModerator.__table__.c, Member.__table__.c
_ID = bindparam("category_id", type_=BigInteger)
_GROUPS: Select[Any] = select(_G.group_id, _G.may_open, _G.may_reply).where(_G.category_id == _ID).order_by(_G.group_id)
_MODERATORS: Select[Any] = (
    select(_M.handle)
    .join(CategoryModerator.__table__, _P.member_id == _M.id)
    .where(_P.category_id == _ID)
    .order_by(_M.handle_key)
)


def details_list(connection: Connection, actor: Actor) -> tuple[CategoryDetails, ...]:
    """Every category that the actor may see, in its order."""
    seen = {line.id for line in category_list(connection, actor)}
    found = connection.execute(_DETAILS).mappings()
    return tuple(CategoryDetails(**row) for row in found if row["id"] in seen)


def details_of(connection: Connection, actor: Actor, category_id: int) -> CategoryDetails:
    """One category.

    Raises:
        NotFound: there is none, or this actor cannot see it.
    """
    found = next((one for one in details_list(connection, actor) if one.id == category_id), None)
    if found is None:
        raise NotFound()
    return found


def rights_in(connection: Connection, actor: Actor, category_id: int) -> Rights:
    """The groups that a category names, and the handles of those who moderate it alone.

    Raises:
        NotAllowed: only administrators are told.
    """
    require(may_manage_categories(actor))
    groups = connection.execute(_GROUPS, {"category_id": category_id})
    moderators = connection.execute(_MODERATORS, {"category_id": category_id})
    return Rights(groups=tuple(Admitted(*row) for row in groups), moderators=tuple(moderators.scalars()))


def next_position(session: Session) -> int:
    """The place after the last category."""
    last = session.scalar(select(func.max(Category.position)))
    return 0 if last is None else last + 1


def move(session: Session, actor: Actor, *, category_id: int, to: Literal["up", "down"]) -> None:
    """Let a category change places with its neighbour; the first stays first, and the last last.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such category.
    """
    require(may_manage_categories(actor))
    rows = session.scalars(select(Category).order_by(Category.position, Category.id).with_for_update()).all()
    at = next((place for place, row in enumerate(rows) if row.id == category_id), None)
    if at is None:
        raise NotFound()
    other = at - 1 if to == "up" else at + 1
    if not 0 <= other < len(rows):
        return
    _put_in_order(_swapped(rows, at, other))
    audit.record(session, actor, "category.move", f"category:{category_id}", to=to, position=other)


def _swapped(rows: Sequence[Category], one: int, other: int) -> list[Category]:
    changed = list(rows)
    changed[one], changed[other] = changed[other], changed[one]
    return changed


def _put_in_order(rows: Sequence[Category]) -> None:
    """Positions may have holes or repeat; from now on they count."""
    for position, row in enumerate(rows):
        row.position = position
