"""What everybody may read of the threads, as feeds and the sitemap hand it on: always as a visitor sees it, whoever asks."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, func, select
from sqlalchemy.sql import Select

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import NotFound
from forum.members.tables import Member
from forum.threads.lists import UNANSWERED
from forum.threads.tables import Category, Post, Tag, Thread, ThreadTag
from forum.visibility import as_seen_by, shown_to, visible_to

_T, _P, _C, _M = (table.__table__.c for table in (Thread, Post, Category, Member))
_PUBLIC = as_seen_by(ANONYMOUS)
_FROM = (
    Thread.__table__.join(Category.__table__, _C.id == _T.category_id)
    .join(Post.__table__, and_(_P.thread_id == _T.id, _P.number == 1))
    .join(Member.__table__, _M.id == _T.author_id)
)


Order = Literal["latest", "unanswered", "top"]
_ORDERS = {"latest": _T.last_activity_at, "unanswered": _T.created_at, "top": _T.score}


class PublicThread(msgspec.Struct, frozen=True, array_like=True):
    """A thread with the words that open it."""

    id: int
    kind: str
    title: str
    slug: str
    locale: str
    category_slug: str
    category_name: str
    author_handle: str
    author_name: str
    is_company: bool
    badge_team: str
    badge_kind: str
    badge_is_confirmed: bool
    created_at: datetime
    last_activity_at: datetime
    html: str


class PublicPost(msgspec.Struct, frozen=True, array_like=True):
    """A post of a thread. `edited_at` is when it was changed last, if it was."""

    id: int
    number: int
    is_comment: bool
    author_handle: str
    author_name: str
    is_company: bool
    badge_team: str
    badge_kind: str
    badge_is_confirmed: bool
    html: str
    locale: str
    created_at: datetime
    edited_at: datetime | None


class Address(msgspec.Struct, frozen=True, array_like=True):
    """Where a thread is, and when it changed last."""

    id: int
    slug: str
    changed_at: datetime


class PublicAnswer(msgspec.Struct, frozen=True, array_like=True):
    """A reply of a member, with the title of its thread."""

    id: int
    thread_title: str
    html: str
    locale: str
    created_at: datetime
    edited_at: datetime | None


@lru_cache(maxsize=16)
def _threads(order: Order, *, by_category: bool, by_tag: bool, by_kind: bool) -> Select[Any]:
    found = (
        select(
            _T.id, _T.kind, _T.title, _T.slug, _T.locale, _C.slug, _C.name, _M.handle, _M.name,
            _P.is_company, _P.badge_team, _P.badge_kind, _P.badge_is_confirmed, _T.created_at, _T.last_activity_at, _P.html,
        )
        .select_from(_FROM)
        .where(visible_to(_T, _C), shown_to(_P), _P.deleted_at.is_(None))
        .order_by(_ORDERS[order].desc(), _T.id.desc())
        .limit(bindparam("limit"))
    )  # fmt: skip
    if order == "unanswered":
        found = found.where(UNANSWERED)
    if by_kind:
        found = found.where(_T.kind == bindparam("kind", type_=String))
    if by_category:
        found = found.where(_C.slug == bindparam("category", type_=String))
    if by_tag:
        tagged = select(ThreadTag.thread_id).join(Tag, Tag.id == ThreadTag.tag_id)
        found = found.where(_T.id.in_(tagged.where(Tag.name_key == bindparam("tag", type_=String))))
    return found


def threads(
    connection: Connection,
    *,
    order: Order = "latest",
    category: str = "",
    tag: str = "",
    kind: str = "",
    limit: int = 30,
) -> tuple[PublicThread, ...]:
    """The threads that changed last, the newest questions that wait for an answer, or those that most found helpful; of a
    category by its slug, under a tag by its folded name, of one kind. One select."""
    statement = _threads(order, by_category=bool(category), by_tag=bool(tag), by_kind=bool(kind))
    values = {"limit": limit, "category": category, "tag": tag, "kind": kind, **_PUBLIC}
    return tuple(PublicThread(*row) for row in connection.execute(statement, values))


_ONE: Select[Any] = (
    select(_T.id, _T.title, _T.slug, _T.locale)
    .join(Category.__table__, _C.id == _T.category_id)
    .where(_T.id == bindparam("thread_id", type_=BigInteger), visible_to(_T, _C))
)
_POSTS: Select[Any] = (
    select(
        _P.id, _P.number, _P.is_comment, _M.handle, _M.name, _P.is_company, _P.badge_team, _P.badge_kind, _P.badge_is_confirmed, _P.html, _P.locale, _P.created_at, _P.edited_at,
    )
    .join(Member.__table__, _M.id == _P.author_id)
    .where(_P.thread_id == bindparam("thread_id", type_=BigInteger), shown_to(_P), _P.deleted_at.is_(None))
    .order_by(_P.number.desc())
    .limit(bindparam("limit"))
)  # fmt: skip


class Syndicated(msgspec.Struct, frozen=True, kw_only=True):
    """A thread with its newest posts, the newest first."""

    id: int
    title: str
    slug: str
    locale: str
    posts: tuple[PublicPost, ...]


def newest_posts(connection: Connection, *, thread_id: int, limit: int = 30) -> Syndicated:
    """What was said last in a thread; two selects.

    Raises:
        NotFound: there is no such thread that everybody may see.
    """
    row = connection.execute(_ONE, {"thread_id": thread_id, **_PUBLIC}).one_or_none()
    if row is None:
        raise NotFound()
    found = connection.execute(_POSTS, {"thread_id": thread_id, "limit": limit, **_PUBLIC})
    posts = tuple(PublicPost(*post) for post in found)
    return Syndicated(id=row.id, title=row.title, slug=row.slug, locale=row.locale, posts=posts)


_ANSWERS: Select[Any] = (
    select(_P.id, _T.title, _P.html, _P.locale, _P.created_at, _P.edited_at)
    .select_from(
        Post.__table__.join(Thread.__table__, _T.id == _P.thread_id).join(Category.__table__, _C.id == _T.category_id)
    )
    .where(
        _P.author_id == bindparam("member_id", type_=BigInteger),
        _P.number > 1,
        ~_P.is_comment,
        _P.deleted_at.is_(None),
        shown_to(_P),
        visible_to(_T, _C),
    )
    .order_by(_P.id.desc())
    .limit(bindparam("limit"))
)


def answers_of(connection: Connection, *, member_id: int, limit: int = 30) -> tuple[PublicAnswer, ...]:
    """What a member replied last, the newest first. Whether it may be gathered is the caller's to ask before."""
    found = connection.execute(_ANSWERS, {"member_id": member_id, "limit": limit, **_PUBLIC})
    return tuple(PublicAnswer(*row) for row in found)


_VISIBLE: Select[Any] = select(_T.id).join(Category.__table__, _C.id == _T.category_id).where(visible_to(_T, _C))
_ADDRESSES: Select[Any] = (
    _VISIBLE.add_columns(_T.slug, _T.last_activity_at)
    .where(_T.id >= bindparam("first", type_=BigInteger), _T.id < bindparam("beyond", type_=BigInteger))
    .order_by(_T.id)
)
_SHARE = (_T.id // bindparam("size", type_=BigInteger)).label("share")
_SHARES: Select[Any] = (
    select(_SHARE, func.max(_T.last_activity_at).label("changed_at"))
    .join(Category.__table__, _C.id == _T.category_id)
    .where(visible_to(_T, _C))
    .group_by("share")
    .order_by("share")
)


def shares(connection: Connection, *, size: int) -> Sequence[tuple[int, datetime]]:
    """The ids of all threads cut into shares of `size`: the number of each that holds any to be seen, and its last change."""
    return [(row.share, row.changed_at) for row in connection.execute(_SHARES, {"size": size, **_PUBLIC})]


def addresses(connection: Connection, *, share: int, size: int) -> tuple[Address, ...]:
    """The threads of one share."""
    values = {"first": share * size, "beyond": (share + 1) * size, **_PUBLIC}
    return tuple(Address(*row) for row in connection.execute(_ADDRESSES, values))
