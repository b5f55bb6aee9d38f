"""What the pages of ideas read: the list, the roadmap, the company's answers to one idea."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, Row, String, and_, bindparam, func, select, tuple_
from sqlalchemy.sql import Select

from forum.ideas.tables import Idea, IdeaStatusChange
from forum.kernel.access import Actor
from forum.kernel.db import to_micros
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread, Vote
from forum.visibility import as_seen_by, visible_to

Sort = Literal["top", "new"]
PROMISES = ("under_review", "planned", "in_progress", "shipped")
"""The bays of the roadmap, in order."""

_I, _S, _T, _P, _C, _M, _V = (
    table.__table__.c for table in (Idea, IdeaStatusChange, Thread, Post, Category, Member, Vote)
)
_BEGINNING = 700  # characters of HTML: enough for a few lines of text


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the company said of an idea when it changed the status; `decision` is the number of the public entry's id."""

    thread_id: int
    before: str
    after: str
    html: str
    by_name: str
    by_handle: str
    team: str
    at: datetime
    decision_id: int


class IdeaLine(msgspec.Struct, frozen=True, kw_only=True):
    """An idea in a list. `beginning` is the start of its post's HTML, cut anywhere; `said` the company's newest answer."""

    id: int
    post_id: int
    title: str
    slug: str
    locale: str
    status: str
    status_at: datetime
    supporters: int
    my_vote: int
    is_mine: bool
    reply_count: int
    created_at: datetime
    author_name: str
    category_slug: str
    category_name: str
    beginning: str
    said: Said | None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Where an idea stands, with all that the company said, the newest first."""

    status: str
    status_at: datetime
    changes: tuple[Said, ...]


_COLUMNS = (
    _T.id, _P.id.label("post_id"), _T.title, _T.slug, _T.locale, _I.status, _I.status_at, _P.up, _T.score, _V.value.label("my_vote"),
    (_T.author_id == bindparam("viewer_id", type_=BigInteger)).label("is_mine"), _T.reply_count, _T.created_at,
    _M.name.label("author_name"), _C.slug.label("category_slug"), _C.name.label("category_name"),
    func.substr(_P.html, 1, _BEGINNING).label("beginning"),
)  # fmt: skip
_IDEAS: Select[Any] = (
    select(*_COLUMNS)
    .select_from(
        Idea.__table__.join(Thread.__table__, _T.id == _I.thread_id)
        .join(Category.__table__, _C.id == _T.category_id)
        .join(Member.__table__, _M.id == _T.author_id)
        .join(Post.__table__, and_(_P.thread_id == _T.id, _P.number == 1))
        .outerjoin(Vote.__table__, and_(_V.post_id == _P.id, _V.member_id == bindparam("viewer_id", type_=BigInteger)))
    )
    .where(visible_to(_T, _C))
)
_KEYS: dict[Sort, Any] = {"top": _T.score, "new": _T.created_at}


@lru_cache(maxsize=16)
def _statement(sort: Sort, *, by_status: bool, mine: bool, follows: bool) -> Select[Any]:
    found = _IDEAS.order_by(_KEYS[sort].desc(), _T.id.desc()).limit(bindparam("limit"))
    if by_status:
        found = found.where(_I.status == bindparam("status", type_=String))
    if mine:
        found = found.where(_V.value == 1)
    if follows:
        key = bindparam("key", type_=BigInteger)  # moments are compared as the database keeps them
        found = found.where(tuple_(_KEYS[sort], _T.id) < tuple_(key, bindparam("key_id", type_=BigInteger)))
    return found


def idea_list(
    connection: Connection,
    actor: Actor,
    *,
    sort: Sort = "top",
    status: str = "",
    mine: bool = False,
    cursor: str = "",
    limit: int = 20,
) -> Page[IdeaLine]:
    """Ideas, of one status or all, or those that the actor votes for, each with the company's newest answer; two selects.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    values: dict[str, Any] = {"limit": limit + 1, "status": status, **as_seen_by(actor)}
    if cursor:
        values["key"], values["key_id"] = decode_cursor(cursor, int, int)
    statement = _statement(sort, by_status=bool(status), mine=mine, follows=bool(cursor))
    rows = connection.execute(statement, values).all()
    said = newest_answers(connection, [row.id for row in rows[:limit]])
    items = tuple(_line(row, said.get(row.id)) for row in rows[:limit])
    return Page(items=items, next=_cursor(sort, rows[limit - 1]) if len(rows) > limit else None)


def _cursor(sort: Sort, row: Row[Any]) -> str:
    return encode_cursor(row.score if sort == "top" else to_micros(row.created_at), row.id)


def _line(row: Row[Any], said: Said | None) -> IdeaLine:
    return IdeaLine(
        id=row.id,
        post_id=row.post_id,
        title=row.title,
        slug=row.slug,
        locale=row.locale,
        status=row.status,
        status_at=row.status_at,
        supporters=row.up,
        my_vote=row.my_vote or 0,
        is_mine=bool(row.is_mine),
        reply_count=row.reply_count,
        created_at=row.created_at,
        author_name=row.author_name,
        category_slug=row.category_slug,
        category_name=row.category_name,
        beginning=row.beginning,
        said=said,
    )


_PLACED = (
    _IDEAS.where(_I.status.in_(PROMISES))
    .add_columns(
        func.row_number().over(partition_by=_I.status, order_by=(_T.score.desc(), _T.id.desc())).label("place")
    )
    .subquery()
)
_ROADMAP: Select[Any] = (
    select(_PLACED).where(_PLACED.c.place <= bindparam("each", type_=Integer)).order_by(_PLACED.c.place)
)
_COUNTS: Select[Any] = (
    select(_I.status, func.count().label("ideas"))
    .select_from(
        Idea.__table__.join(Thread.__table__, _T.id == _I.thread_id).join(Category.__table__, _C.id == _T.category_id)
    )
    .where(visible_to(_T, _C))
    .group_by(_I.status)
)


def roadmap(connection: Connection, actor: Actor, *, each: int = 12) -> dict[str, list[IdeaLine]]:
    """For each bay the ideas that most people wish for, with the company's newest answer; two selects."""
    rows = connection.execute(_ROADMAP, {"each": each, **as_seen_by(actor)}).all()
    said = newest_answers(connection, [row.id for row in rows])
    bays: dict[str, list[IdeaLine]] = {status: [] for status in PROMISES}
    for row in rows:
        bays[row.status].append(_line(row, said.get(row.id)))
    return bays


def status_counts(connection: Connection, actor: Actor) -> dict[str, int]:
    """How many ideas have each status, of those that the actor sees."""
    return {row.status: row.ideas for row in connection.execute(_COUNTS, as_seen_by(actor))}


_STATUSES: Select[Any] = select(_I.thread_id, _I.status).where(_I.thread_id.in_(bindparam("threads", expanding=True)))


def statuses_of(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The statuses of those of these threads that are ideas."""
    if not ids:
        return {}
    return {row.thread_id: row.status for row in connection.execute(_STATUSES, {"threads": list(ids)})}


_SAID_COLUMNS = (
    _S.thread_id, _S.before, _S.after, _S.html, _M.name.label("by_name"), _M.handle.label("by_handle"), _S.team, _S.at,
    _S.decision_id,
)  # fmt: skip
_SAID: Select[Any] = select(*_SAID_COLUMNS).join(Member.__table__, _M.id == _S.by_member_id)
_NEWEST: Select[Any] = _SAID.where(
    _S.id.in_(
        select(func.max(_S.id)).where(_S.thread_id.in_(bindparam("threads", expanding=True))).group_by(_S.thread_id)
    )
)


def newest_answers(connection: Connection, ids: Collection[int]) -> dict[int, Said]:
    """The company's newest answer to each of these ideas that has one."""
    if not ids:
        return {}
    rows = connection.execute(_NEWEST, {"threads": list(ids)})
    return {row.thread_id: Said(**row._mapping) for row in rows}


_ANSWERS: Select[Any] = (
    select(_I.status, _I.status_at, *_SAID_COLUMNS)
    .select_from(
        Idea.__table__.outerjoin(IdeaStatusChange.__table__, _S.thread_id == _I.thread_id).outerjoin(
            Member.__table__, _M.id == _S.by_member_id
        )
    )
    .where(_I.thread_id == bindparam("idea", type_=BigInteger))
    .order_by(_S.id.desc())
)


def answered(connection: Connection, thread_id: int) -> Answered:
    """Where an idea stands and how it came there; one select. The thread's own visibility is the caller's to ask."""
    rows = connection.execute(_ANSWERS, {"idea": thread_id}).all()
    changes = tuple(Said(**_without_standing(row)) for row in rows if row.after is not None)
    return Answered(status=rows[0].status, status_at=rows[0].status_at, changes=changes)


def _without_standing(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name in Said.__struct_fields__}
