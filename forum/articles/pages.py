"""What the knowledge base's pages read."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, func, or_, select
from sqlalchemy.sql import Select

from forum.articles.policies import may_review
from forum.articles.tables import Article
from forum.kernel.access import Actor, require
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, category_seen, public_place, shown_to

SHELF = 8
"""Articles of a category that the front of the help centre shows."""

MOST_LISTED = 45_000
"""Articles that the sitemap names; a part of it may hold 50,000 addresses."""

_R, _C, _T, _P, _M = (table.__table__.c for table in (Article, Category, Thread, Post, Member))
_LAST = 2**62


class ArticleLine(msgspec.Struct, frozen=True, array_like=True):
    """An article in a list."""

    id: int
    title: str
    slug: str
    locale: str
    state: str
    category_slug: str
    category_name: str
    changed_at: datetime
    published_at: datetime | None


class Address(msgspec.Struct, frozen=True, array_like=True):
    """Where an article is, and when it changed last."""

    id: int
    slug: str
    changed_at: datetime


class PublicArticle(msgspec.Struct, frozen=True, array_like=True):
    """An article that everybody may read, with its words."""

    id: int
    title: str
    slug: str
    locale: str
    category_slug: str
    category_name: str
    published_at: datetime
    changed_at: datetime
    html: str


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The published articles of one category, the newest `SHELF` of `total`."""

    slug: str
    name: str
    icon: str
    total: int
    articles: tuple[ArticleLine, ...]


class ArticlePage(msgspec.Struct, frozen=True, array_like=True):
    """One article, with the thread it came from and whose answer it was made of, where this reader may see them."""

    id: int
    title: str
    slug: str
    locale: str
    state: str
    category_slug: str
    category_name: str
    changed_at: datetime
    published_at: datetime | None
    source: str
    html: str
    version: int
    edited_by_person: bool
    thread_id: int | None
    thread_slug: str | None
    thread_title: str | None
    thread_is_solved: bool
    post_id: int | None
    answer_by_handle: str | None
    answer_by_name: str | None
    answer_is_company: bool | None
    answer_badge_team: str | None
    answer_badge_kind: str | None
    answer_badge_is_confirmed: bool | None
    answer_edited_at: datetime | None

    @property
    def answer_has_moved_on(self) -> bool:
        """Whether the answer was edited after the article was changed last."""
        return self.answer_edited_at is not None and self.answer_edited_at > self.changed_at


_LINE = (
    _R.id, _R.title, _R.slug, _R.locale, _R.state, _C.slug.label("category_slug"), _C.name.label("category_name"), _R.changed_at,
    _R.published_at,
)  # fmt: skip
_FROM = Article.__table__.join(Category.__table__, _C.id == _R.category_id)
_BY_STATE = bindparam("state", type_=String)
_LIST: Select[Any] = (
    select(*_LINE)
    .select_from(_FROM)
    .where(
        _R.state == _BY_STATE,
        category_seen(_C),
        or_(bindparam("category", type_=String) == "", _C.slug == bindparam("category", type_=String)),
        _R.id < bindparam("before", type_=BigInteger),
    )
    .order_by(_R.id.desc())
    .limit(bindparam("limit"))
)
_PLACED = (
    select(
        *_LINE,
        _C.icon,
        _C.position,
        _C.id.label("category_id"),
        func.row_number()
        .over(partition_by=_R.category_id, order_by=(_R.published_at.desc(), _R.id.desc()))
        .label("place"),
        func.count().over(partition_by=_R.category_id).label("total"),
    )
    .select_from(_FROM)
    .where(_R.state == "published", category_seen(_C))
    .subquery()
)
_SHELVES: Select[Any] = (
    select(_PLACED).where(_PLACED.c.place <= SHELF).order_by(_PLACED.c.position, _PLACED.c.category_id, _PLACED.c.place)
)
_ONE: Select[Any] = (
    select(
        *_LINE, _R.source, _R.html, _R.version, _R.edited_by_person, _T.id.label("thread_id"), _T.slug.label("thread_slug"),
        _T.title.label("thread_title"), _T.solved_at.is_not(None).label("thread_is_solved"), _P.id.label("post_id"), _M.handle, _M.name, _P.is_company, _P.badge_team,
        _P.badge_kind, _P.badge_is_confirmed, _P.edited_at,
    )
    .select_from(
        _FROM.outerjoin(Thread.__table__, and_(_T.id == _R.thread_id, shown_to(_T, _C)))
        .outerjoin(Post.__table__, and_(_P.id == _R.post_id, _T.id.is_not(None), shown_to(_P, _C)))
        .outerjoin(Member.__table__, _M.id == _P.author_id)
    )
    .where(_R.id == bindparam("article_id", type_=BigInteger), category_seen(_C))
)  # fmt: skip
_PUBLIC_VERSION = (
    select(_R.version)
    .select_from(_FROM)
    .where(_R.id == bindparam("article_id", type_=BigInteger), _R.state == "published", public_place(_C))
)
_PUBLIC: Select[Any] = (
    select(_R.id, _R.slug, _R.changed_at)
    .select_from(_FROM)
    .where(_R.state == "published", public_place(_C))
    .order_by(_R.id.desc())
    .limit(MOST_LISTED)
)
_NEWEST: Select[Any] = (
    select(_R.id, _R.title, _R.slug, _R.locale, _C.slug, _C.name, _R.published_at, _R.changed_at, _R.html)
    .select_from(_FROM)
    .where(_R.state == "published", public_place(_C))
    .order_by(_R.published_at.desc(), _R.id.desc())
    .limit(bindparam("limit"))
)
_COUNTS: Select[Any] = select(_R.state, func.count()).select_from(_FROM).where(category_seen(_C)).group_by(_R.state)


def shelves(connection: Connection, actor: Actor) -> tuple[Shelf, ...]:
    """The front of the help centre: each category that has published articles, with its newest; one select."""
    found: dict[str, list[Any]] = {}
    for row in connection.execute(_SHELVES, as_seen_by(actor)):
        found.setdefault(row.category_slug, []).append(row)
    return tuple(_shelf(slug, rows) for slug, rows in found.items())


def _shelf(slug: str, rows: list[Any]) -> Shelf:
    first = rows[0]
    articles = tuple(ArticleLine(*row[:9]) for row in rows)
    return Shelf(slug=slug, name=first.category_name, icon=first.icon, total=first.total, articles=articles)


def article_list(
    connection: Connection,
    actor: Actor,
    *,
    state: str = "published",
    category: str = "",
    cursor: str = "",
    limit: int = 20,
) -> Page[ArticleLine]:
    """Articles, newest first. Everybody sees what is published; drafts and withdrawn ones are the reviewers'.

    Raises:
        NotAllowed: other states are for reviewers.
        Invalid: the cursor is not one of ours.
    """
    if state != "published":
        require(may_review(actor))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    values = {
        "state": state,
        **as_seen_by(actor),
        "category": category,
        "before": before,
        "limit": limit + 1,
    }
    rows = connection.execute(_LIST, values).all()
    items = tuple(ArticleLine(*row) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def article_counts(connection: Connection, actor: Actor) -> dict[str, int]:
    """How many articles there are in each state, for reviewers.

    Raises:
        NotAllowed: nobody else is told.
    """
    require(may_review(actor))
    return dict(tuple(row) for row in connection.execute(_COUNTS, as_seen_by(actor)))


def article_page(connection: Connection, actor: Actor, *, article_id: int) -> ArticlePage:
    """One article.

    Raises:
        NotFound: there is none, or it is not published and this actor does not review.
    """
    row = connection.execute(_ONE, {"article_id": article_id, **as_seen_by(actor)}).one_or_none()
    if row is None or (row.state != "published" and not may_review(actor).allowed):
        raise NotFound()
    return ArticlePage(*row)


def public_version(connection: Connection, *, article_id: int) -> int:
    """What everybody's page of an article is compared by; 0 while it is nobody's to read."""
    return connection.execute(_PUBLIC_VERSION, {"article_id": article_id}).scalar_one_or_none() or 0


def public_addresses(connection: Connection) -> tuple[Address, ...]:
    """The articles that everybody may read, the newest first."""
    return tuple(Address(*row) for row in connection.execute(_PUBLIC))


def newest_articles(connection: Connection, *, limit: int = 30) -> tuple[PublicArticle, ...]:
    """The articles that everybody may read and that were published last, with their words; one select."""
    return tuple(PublicArticle(*row) for row in connection.execute(_NEWEST, {"limit": limit}))
