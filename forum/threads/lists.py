"""Lists of threads: latest, unanswered, top; by category, tag, kind, state or author. Keyset pages, however many there are."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, Row, String, and_, bindparam, case, literal_column, select, tuple_
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


class ThreadLine(msgspec.Struct, frozen=True):
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
    last_avatar: str
    last_is_company: bool
    last_badge_kind: str
    last_badge_is_confirmed: bool
    last_is_bot: bool
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
    needs_info: bool
    tags: tuple[tuple[str, str], ...]


_COLUMNS = (
    _T.id, _T.kind, _T.title, _T.slug, _T.locale, _C.slug, _C.name, _M.handle, _M.name, _SPEAKER.c.handle, _SPEAKER.c.name,
    _SPEAKER.c.avatar, _LAST.c.is_company, _LAST.c.badge_kind, _LAST.c.badge_is_confirmed, _SPEAKER.c.is_bot, _T.created_at, _T.last_activity_at, _T.reply_count, _T.score,
    _T.solved_at.is_not(None), _T.official_at.is_not(None), _T.closed_at.is_not(None), _T.duplicate_of_id.is_not(None),
    _T.is_urgent, _T.is_critical, _T.needs_info_at.is_not(None),
)  # fmt: skip
"""In the order of ThreadLine's fields, the tags left out."""
# The newest post stands at the highest number; where it is out of sight, the opening post speaks for the thread.
# Both say so of `newest` alone: PostgreSQL would read all posts of a thread if two tables had a part in it.
_LAST_NUMBER = case((_NEWEST.c.hidden_at.is_(None) & _NEWEST.c.deleted_at.is_(None), _NEWEST.c.number), else_=1)
_THREADS = (
    Thread.__table__.join(Category.__table__, _C.id == _T.category_id)
    .join(Member.__table__, _M.id == _T.author_id)
    .join(_NEWEST, and_(_NEWEST.c.thread_id == _T.id, _NEWEST.c.number == _T.post_count))
    .join(_LAST, and_(_LAST.c.thread_id == _NEWEST.c.thread_id, _LAST.c.number == _LAST_NUMBER))
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
# Spelled out, not bound: neither database sees from a parameter that the index of these rows alone will do.
UNANSWERED = and_(
    _T.kind == literal_column("'question'"),
    _T.reply_count == literal_column("0"),
    _T.closed_at.is_(None),
    _T.needs_info_at.is_(None),
)
_IN_STATE: dict[State, tuple[Any, ...]] = {
    "": (),
    "open": (_T.solved_at.is_(None), _T.closed_at.is_(None)),
    "solved": (_T.solved_at.is_not(None),),
    "closed": (_T.closed_at.is_not(None),),
}
_TAG: Select[Any] = select(_G.id, _G.thread_count).where(_G.name_key == bindparam("tag", type_=String))
_MANY = 1_000
"""Threads of a tag from which on a list of them is looked for among all threads in their order, not sorted out of the tag's own."""
Tagged = Literal["", "few", "many"]


@lru_cache(maxsize=512)
def _statement(sort: Sort, shape: tuple[bool, bool, Tagged, bool], state: State, *, follows: bool) -> Select[Any]:
    """The select for one shape of question, built once. `shape`: by kind, category, tag, author?"""
    conditions = [visible_to(_T, _C), *_narrowed(shape), *_IN_STATE[state]]
    if follows:
        key = bindparam("key", type_=BigInteger)  # moments are compared as the database keeps them
        conditions.append(tuple_(_KEYS[sort], _T.id) < tuple_(key, bindparam("key_id", type_=BigInteger)))
    if sort == "unanswered":
        conditions.append(UNANSWERED)
    order = (_KEYS[sort].desc(), _T.id.desc())
    found = select(*_COLUMNS).select_from(_THREADS).order_by(*order)
    _, _, tagged, by_author = shape
    if not (by_author or tagged == "few"):
        return found.where(*conditions).limit(bindparam("limit"))
    # All threads of the tag or author are looked at and sorted: their ids alone, the rest is read of those that are shown.
    places = Thread.__table__.join(Category.__table__, _C.id == _T.category_id)
    ids = select(_T.id).select_from(places).where(*conditions).order_by(*order).limit(bindparam("limit"))
    return found.where(_T.id.in_(ids.correlate(None).scalar_subquery()))


def _narrowed(shape: tuple[bool, bool, Tagged, bool]) -> Iterator[Any]:
    by_kind, by_category, tagged, by_author = shape
    if by_kind:
        yield _T.kind == bindparam("kind", type_=String)
    if by_category:
        yield _T.category_id == bindparam("category_id", type_=BigInteger)
    if by_author:
        yield _T.author_id == bindparam("author_id", type_=BigInteger)
    if tagged:
        own = select(ThreadTag.thread_id).where(ThreadTag.tag_id == bindparam("tag_id", type_=BigInteger))
        yield _T.id.in_(own) if tagged == "few" else own.where(ThreadTag.thread_id == _T.id).exists()


def thread_list(
    connection: Connection, actor: Actor, wanted: Wanted, *, cursor: str = "", limit: int = 20
) -> Page[ThreadLine]:
    """The threads that are wanted and that this actor may see; two selects, and one for a tag.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    tag_id, tagged = _tag(connection, wanted.tag) if wanted.tag else (0, "")
    shape = (bool(wanted.kind), bool(wanted.category_id), tagged, bool(wanted.author_id))
    values: dict[str, Any] = {
        "limit": limit + 1,
        "kind": wanted.kind,
        "category_id": wanted.category_id,
        "tag_id": tag_id,
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


def _tag(connection: Connection, name: str) -> tuple[int, Tagged]:
    """A tag's id, and whether many threads are under it; one that nobody uses has none."""
    row = connection.execute(_TAG, {"tag": name}).one_or_none()
    return (0, "few") if row is None else (row.id, "many" if row.thread_count > _MANY else "few")


def threads_by_id(connection: Connection, actor: Actor, ids: Sequence[int]) -> dict[int, ThreadLine]:
    """Those of these threads that the actor may see: how results of a search are checked again and shown."""
    if not ids:
        return {}
    rows = connection.execute(_BY_ID, {"ids": list(ids), **as_seen_by(actor)}).all()
    return {line.id: line for line in lines(connection, rows)}


_BY_ID: Select[Any] = (
    select(*_COLUMNS).select_from(_THREADS).where(_T.id.in_(bindparam("ids", expanding=True)), visible_to(_T, _C))
)


_WAITING: Select[Any] = (
    select(*_COLUMNS)
    .select_from(_THREADS)
    .where(UNANSWERED, visible_to(_T, _C))
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
    fields: list[Any] = [*row, tags]
    return ThreadLine(*fields)


def _encoded(sort: Sort, row: Row[Any]) -> str:
    key: Any = {
        "latest": row.last_activity_at,
        "newest": row.created_at,
        "unanswered": row.created_at,
        "top": row.score,
    }[sort]
    return encode_cursor(key if isinstance(key, int) else to_micros(key), row.id)
