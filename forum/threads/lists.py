"""Lists of threads: latest, unanswered, top; by category, tag, kind, state or author. Keyset pages, however many there are."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, Row, String, and_, bindparam, case, select, tuple_
from sqlalchemy.sql import Select

from forum.kernel.access import Actor
from forum.kernel.db import to_micros
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Tag, Thread, ThreadTag
from forum.visibility import as_seen_by, visible_to

Sort = Literal["latest", "newest", "unanswered", "top"]
State = Literal["", "open", "solved", "closed"]
SORTS: tuple[Sort, ...] = ("latest", "newest", "unanswered", "top")
STATES: tuple[State, ...] = ("", "open", "solved", "closed")

_T, _C, _M, _G = (table.__table__.c for table in (Thread, Category, Member, Tag))
_NEWEST, _LAST, _SPEAKER = (
    Post.__table__.alias("newest"),
    Post.__table__.alias("last"),
    Member.__table__.alias("speaker"),
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which threads. Empty fields narrow nothing; `tag` is a folded name, `author_id` a member."""

    sort: Sort = "latest"
    kind: str = ""
    category_id: int = 0
    tag: str = ""
    state: State = ""
    author_id: int = 0


class ThreadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A thread in a list. `last_…` is who spoke last of those who can be seen, with the badge worn then."""

    id: int
    kind: str
    title: str
    slug: str
    locale: str
    category_slug: str
    category_name: str
    author_handle: str
    author_name: str
    last_handle: str
    last_name: str
    last_is_company: bool
    created_at: datetime
    last_activity_at: datetime
    reply_count: int
    score: int
    is_solved: bool
    is_official: bool
    is_closed: bool
    is_duplicate: bool
    is_urgent: bool
    is_critical: bool
    tags: tuple[tuple[str, str], ...]


_COLUMNS = (
    _T.id, _T.kind, _T.title, _T.slug, _T.locale, _C.slug.label("category_slug"), _C.name.label("category_name"),
    _M.handle, _M.name, _SPEAKER.c.handle.label("last_handle"), _SPEAKER.c.name.label("last_name"),
    _LAST.c.is_company.label("last_is_company"), _T.created_at, _T.last_activity_at, _T.reply_count, _T.score,
    _T.solved_at, _T.official_at, _T.closed_at, _T.duplicate_of_id, _T.is_urgent, _T.is_critical,
)  # fmt: skip
# The newest post stands at the highest number; where it is out of sight, the opening post speaks for the thread.
_LAST_NUMBER = case((_NEWEST.c.hidden_at.is_(None) & _NEWEST.c.deleted_at.is_(None), _T.post_count), else_=1)
_THREADS = (
    Thread.__table__.join(Category.__table__, _C.id == _T.category_id)
    .join(Member.__table__, _M.id == _T.author_id)
    .join(_NEWEST, and_(_NEWEST.c.thread_id == _T.id, _NEWEST.c.number == _T.post_count))
    .join(_LAST, and_(_LAST.c.thread_id == _T.id, _LAST.c.number == _LAST_NUMBER))
    .join(_SPEAKER, _SPEAKER.c.id == _LAST.c.author_id)
)
_TAGS: Select[Any] = (
    select(ThreadTag.thread_id, _G.name, _G.name_key)
    .join(Tag.__table__, _G.id == ThreadTag.tag_id)
    .where(ThreadTag.thread_id.in_(bindparam("threads", expanding=True)))
    .order_by(_G.name_key)
)
_KEYS: dict[Sort, Any] = {
    "latest": _T.last_activity_at,
    "newest": _T.created_at,
    "unanswered": _T.created_at,
    "top": _T.score,
}
_LAST_ID = 2**62


@lru_cache(maxsize=512)
def _statement(sort: Sort, shape: tuple[bool, bool, bool, bool], state: State, *, follows: bool) -> Select[Any]:
    """The select for one shape of question, built once. `shape`: by kind, category, tag, author?"""
    by_kind, by_category, by_tag, by_author = shape
    found = (
        select(*_COLUMNS)
        .select_from(_THREADS)
        .where(visible_to(_T, _C.audience))
        .order_by(_KEYS[sort].desc(), _T.id.desc())
        .limit(bindparam("limit"))
    )
    if follows:
        key = bindparam("key", type_=BigInteger)  # moments are compared as the database keeps them
        found = found.where(tuple_(_KEYS[sort], _T.id) < tuple_(key, bindparam("key_id", type_=BigInteger)))
    if sort == "unanswered":
        found = found.where(_T.kind == "question", _T.reply_count == 0, _T.closed_at.is_(None))
    if by_kind:
        found = found.where(_T.kind == bindparam("kind", type_=String))
    if by_category:
        found = found.where(_T.category_id == bindparam("category_id", type_=BigInteger))
    if by_author:
        found = found.where(_T.author_id == bindparam("author_id", type_=BigInteger))
    if by_tag:
        tagged = (
            select(ThreadTag.thread_id)
            .join(Tag, Tag.id == ThreadTag.tag_id)
            .where(Tag.name_key == bindparam("tag", type_=String))
        )
        found = found.where(_T.id.in_(tagged))
    return _in_state(found, state)


def _in_state(found: Select[Any], state: State) -> Select[Any]:
    if state == "open":
        return found.where(_T.solved_at.is_(None), _T.closed_at.is_(None))
    if state == "solved":
        return found.where(_T.solved_at.is_not(None))
    if state == "closed":
        return found.where(_T.closed_at.is_not(None))
    return found


def thread_list(
    connection: Connection, actor: Actor, wanted: Wanted, *, cursor: str = "", limit: int = 20
) -> Page[ThreadLine]:
    """The threads that are wanted and that this actor may see; two selects.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    shape = (bool(wanted.kind), bool(wanted.category_id), bool(wanted.tag), bool(wanted.author_id))
    values: dict[str, Any] = {
        "limit": limit + 1,
        "kind": wanted.kind,
        "category_id": wanted.category_id,
        "tag": wanted.tag,
        "author_id": wanted.author_id,
        **as_seen_by(actor),
    }
    if cursor:
        values["key"], values["key_id"] = decode_cursor(cursor, int, int)
    rows = connection.execute(_statement(wanted.sort, shape, wanted.state, follows=bool(cursor)), values).all()
    shown = rows[:limit]
    items = lines(connection, shown)
    following = _encoded(wanted.sort, shown[-1]) if len(rows) > limit else None
    return Page(items=items, next=following)


def threads_by_id(connection: Connection, actor: Actor, ids: Sequence[int]) -> dict[int, ThreadLine]:
    """Those of these threads that the actor may see: how results of a search are checked again and shown."""
    if not ids:
        return {}
    rows = connection.execute(_BY_ID, {"ids": list(ids), **as_seen_by(actor)}).all()
    return {line.id: line for line in lines(connection, rows)}


_BY_ID: Select[Any] = (
    select(*_COLUMNS)
    .select_from(_THREADS)
    .where(_T.id.in_(bindparam("ids", expanding=True)), visible_to(_T, _C.audience))
)


_WAITING: Select[Any] = (
    select(*_COLUMNS)
    .select_from(_THREADS)
    .where(_T.kind == "question", _T.reply_count == 0, _T.closed_at.is_(None), visible_to(_T, _C.audience))
    .order_by(_T.created_at, _T.id)
    .limit(bindparam("limit"))
)


def waiting_longest(connection: Connection, actor: Actor, *, limit: int = 3) -> tuple[ThreadLine, ...]:
    """The oldest questions without an answer, without their tags; one select."""
    rows = connection.execute(_WAITING, {"limit": limit, **as_seen_by(actor)})
    return tuple(_line(row, ()) for row in rows)


def lines(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[ThreadLine, ...]:
    """Rows of `_COLUMNS` with their tags; one select."""
    tags: dict[int, list[tuple[str, str]]] = {}
    if rows:
        for row in connection.execute(_TAGS, {"threads": [row.id for row in rows]}):
            tags.setdefault(row.thread_id, []).append((row.name, row.name_key))
    return tuple(_line(row, tuple(tags.get(row.id, ()))) for row in rows)


def _line(row: Row[Any], tags: tuple[tuple[str, str], ...]) -> ThreadLine:
    return ThreadLine(
        id=row.id,
        kind=row.kind,
        title=row.title,
        slug=row.slug,
        locale=row.locale,
        category_slug=row.category_slug,
        category_name=row.category_name,
        author_handle=row.handle,
        author_name=row.name,
        last_handle=row.last_handle,
        last_name=row.last_name,
        last_is_company=row.last_is_company,
        created_at=row.created_at,
        last_activity_at=row.last_activity_at,
        reply_count=row.reply_count,
        score=row.score,
        is_solved=row.solved_at is not None,
        is_official=row.official_at is not None,
        is_closed=row.closed_at is not None,
        is_duplicate=row.duplicate_of_id is not None,
        is_urgent=row.is_urgent,
        is_critical=row.is_critical,
        tags=tags,
    )


def _encoded(sort: Sort, row: Row[Any]) -> str:
    key: Any = {
        "latest": row.last_activity_at,
        "newest": row.created_at,
        "unanswered": row.created_at,
        "top": row.score,
    }[sort]
    return encode_cursor(key if isinstance(key, int) else to_micros(key), row.id)
