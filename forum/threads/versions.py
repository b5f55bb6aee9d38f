"""What the pages of editing and of a post's history read."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Gone, NotFound
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Revision, Tag, Thread, ThreadTag
from forum.visibility import as_seen_by, shown_to, visible_to

_P, _T, _C, _M, _R, _G = (table.__table__.c for table in (Post, Thread, Category, Member, Revision, Tag))
_POST_ID = bindparam("post_id", type_=BigInteger)


class Source(msgspec.Struct, frozen=True, array_like=True):
    """A post as its author wrote it, with what is edited beside it where it opens the thread.

    `hidden_by` is the decision that keeps it, or its thread, out of sight.
    """

    id: int
    number: int
    source: str
    revision: int
    created_at: datetime
    author_id: int
    author_handle: str
    author_name: str
    is_company: bool
    badge_team: str
    badge_kind: str
    badge_is_confirmed: bool
    is_comment: bool
    accepted_at: datetime | None
    official_at: datetime | None
    hidden_by: int | None
    thread_id: int
    thread_author_id: int
    is_critical: bool
    kind: str
    title: str
    slug: str
    locale: str
    category_id: int
    category: str
    category_name: str
    tag_keys: str | None
    author_is_bot: bool = False

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted((self.tag_keys or "").split()))


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a post. `title` and `tags` only where it opens its thread; `as_role`: as what it was written, beside the badge worn then."""

    number: int
    source: str
    title: str | None
    tags: tuple[str, ...] | None
    by_handle: str
    by_name: str
    by_bot: bool
    as_role: str
    is_company: bool
    badge_team: str
    badge_kind: str
    badge_is_confirmed: bool
    comment: str
    at: datetime


_SOURCE: Select[Any] = (
    select(
        _P.id, _P.number, _P.source, _P.revision, _P.created_at, _P.author_id, _M.handle, _M.name, _P.is_company,
        _P.badge_team, _P.badge_kind, _P.badge_is_confirmed, _P.is_comment, _P.accepted_at, _P.official_at, func.coalesce(_P.hidden_by, _T.hidden_by),
        _T.id, _T.author_id, _T.is_critical, _T.kind, _T.title, _T.slug, _T.locale, _C.id, _C.slug, _C.name,
        select(func.aggregate_strings(_G.name_key, " "))
        .select_from(Tag.__table__.join(ThreadTag.__table__, ThreadTag.tag_id == _G.id))
        .where(ThreadTag.thread_id == _T.id).correlate(Thread.__table__).scalar_subquery(),
        _M.is_bot,
        _P.deleted_at,
    )
    .select_from(
        Post.__table__.join(Thread.__table__, _T.id == _P.thread_id)
        .join(Category.__table__, _C.id == _T.category_id)
        .join(Member.__table__, _M.id == _P.author_id)
    )
    .where(visible_to(_T, _C), shown_to(_P, _C))
)  # fmt: skip
_BY_POST: Select[Any] = _SOURCE.where(_P.id == _POST_ID)
_OPENING: Select[Any] = _SOURCE.where(_P.thread_id == bindparam("thread_id", type_=BigInteger), _P.number == 1)
_VERSIONS: Select[Any] = (
    select(
        _R.number,
        _R.source,
        _R.title,
        _R.tags,
        _M.handle,
        _M.name,
        _M.is_bot,
        _R.as_role,
        _R.is_company,
        _R.badge_team,
        _R.badge_kind,
        _R.badge_is_confirmed,
        _R.comment,
        _R.at,
    )
    .join(Member.__table__, _M.id == _R.author_id)
    .where(_R.post_id == _POST_ID)
    .order_by(_R.number.desc())
    .limit(bindparam("limit"))
)


def source_of(connection: Connection, actor: Actor, *, post_id: int) -> Source:
    """A post as it was written; one select.

    Raises:
        NotFound: there is no such post, or this actor cannot see it.
        Gone: its author deleted it.
    """
    return _source(connection, _BY_POST, {"post_id": post_id, **as_seen_by(actor)})


def opening_source(connection: Connection, actor: Actor, *, thread_id: int) -> Source:
    """The same of a thread's first post."""
    return _source(connection, _OPENING, {"thread_id": thread_id, **as_seen_by(actor)})


def _source(connection: Connection, statement: Select[Any], values: dict[str, Any]) -> Source:
    row = connection.execute(statement, values).one_or_none()
    if row is None:
        raise NotFound()
    if row.deleted_at is not None:
        raise Gone(N_("The author of this post has deleted it."))
    return Source(*row[:-1])


def versions_of(connection: Connection, of: Source, *, limit: int = 50) -> tuple[Version, ...]:
    """All versions of a post, the newest first; a post that nobody edited has one. One select."""
    rows = connection.execute(_VERSIONS, {"post_id": of.id, "limit": limit}).all()
    if not rows:
        return (_only_version(of),)
    return tuple(
        Version(
            number=row.number,
            source=row.source,
            title=row.title,
            tags=None if row.tags is None else tuple(row.tags),
            by_handle=row.handle,
            by_name=row.name,
            by_bot=row.is_bot,
            as_role=row.as_role,
            is_company=row.is_company,
            badge_team=row.badge_team,
            badge_kind=row.badge_kind,
            badge_is_confirmed=row.badge_is_confirmed,
            comment=row.comment,
            at=row.at,
        )
        for row in rows
    )


def _only_version(of: Source) -> Version:
    opens = of.number == 1
    return Version(
        number=of.revision,
        source=of.source,
        title=of.title if opens else None,
        tags=of.tags if opens else None,
        by_handle=of.author_handle,
        by_name=of.author_name,
        by_bot=of.author_is_bot,
        as_role="author",
        is_company=of.is_company,
        badge_team=of.badge_team,
        badge_kind=of.badge_kind,
        badge_is_confirmed=of.badge_is_confirmed,
        comment="",
        at=of.created_at,
    )
