"""What the knowledge base's pages read."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, select
from sqlalchemy.sql import Select

from forum.articles.policies import may_review
from forum.articles.tables import Article
from forum.kernel.access import Actor, require
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread

_R, _C, _T, _P, _M = (table.__table__.c for table in (Article, Category, Thread, Post, Member))
_CLEARANCE = bindparam("viewer_clearance", type_=Integer)


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


class ArticlePage(msgspec.Struct, frozen=True, array_like=True):
    """One article, with the thread it came from and whose answer it was made of."""

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
    thread_id: int | None
    thread_slug: str | None
    thread_title: str | None
    answer_by_handle: str | None
    answer_by_name: str | None


_LINE = (_R.id, _R.title, _R.slug, _R.locale, _R.state, _C.slug, _C.name, _R.changed_at, _R.published_at)
_FROM = Article.__table__.join(Category.__table__, _C.id == _R.category_id)
_LIST: Select[Any] = (
    select(*_LINE)
    .select_from(_FROM)
    .where(
        _R.state == bindparam("state", type_=String),
        _C.audience <= _CLEARANCE,
        _R.id < bindparam("before", type_=BigInteger),
    )
    .order_by(_R.id.desc())
    .limit(bindparam("limit"))
)
_ONE: Select[Any] = (
    select(
        *_LINE, _R.source, _R.html, _R.version, _T.id, _T.slug, _T.title, _M.handle, _M.name,
    )
    .select_from(
        _FROM.outerjoin(Thread.__table__, _T.id == _R.thread_id)
        .outerjoin(Post.__table__, _P.id == _R.post_id)
        .outerjoin(Member.__table__, _M.id == _P.author_id)
    )
    .where(_R.id == bindparam("article_id", type_=BigInteger), _C.audience <= _CLEARANCE)
)  # fmt: skip
_LAST = 2**62


def article_list(
    connection: Connection, actor: Actor, *, state: str = "published", cursor: str = "", limit: int = 20
) -> Page[ArticleLine]:
    """Articles, newest first. Everybody sees what is published; drafts and withdrawn ones are the reviewers'.

    Raises:
        NotAllowed: other states are for reviewers.
        Invalid: the cursor is not one of ours.
    """
    if state != "published":
        require(may_review(actor))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    values = {"state": state, "viewer_clearance": actor.clearance, "before": before, "limit": limit + 1}
    rows = connection.execute(_LIST, values).all()
    items = tuple(ArticleLine(*row) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def article_page(connection: Connection, actor: Actor, *, article_id: int) -> ArticlePage:
    """One article.

    Raises:
        NotFound: there is none, or it is not published and this actor does not review.
    """
    row = connection.execute(_ONE, {"article_id": article_id, "viewer_clearance": actor.clearance}).one_or_none()
    if row is None or (row.state != "published" and not may_review(actor).allowed):
        raise NotFound()
    return ArticlePage(*row)
