"""The knowledge base over the API: reading it, and for reviewers changing, publishing and withdrawing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, get, patch
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.pages import ArticleLine, ArticlePage, article_list, article_page
from forum.articles.policies import may_review
from forum.kernel.access import Actor, require
from web.api.calls import AnyRequest, Items, Listing, absolute, answer_list, reading, writing
from web.api.describing import described
from web.api.shapes import Person
from web.arguments import path_id, query
from web.bodies import Body


class ArticleListing(Listing, frozen=True, kw_only=True):
    """Which articles. Drafts and withdrawn ones are for reviewers."""

    state: Literal["draft", "published", "withdrawn"] = "published"
    category: str = ""


class ArticleShape(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a list."""

    id: int
    title: str
    url: str
    state: str
    category: str
    locale: str
    updated_at: datetime
    published_at: datetime | None


class WholeArticle(ArticleShape, frozen=True, kw_only=True):
    """An article with its Markdown and HTML, and the thread and answer that it was made from. `revision` guards changes."""

    body: str
    html: str
    revision: int
    thread: int | None
    answer: int | None
    author: Person | None


class ArticleChange(Body, frozen=True, kw_only=True):
    """What is to be different. With `revision` a change that somebody else made meanwhile is a conflict."""

    title: str | None = None
    body: str | None = None
    state: Literal["published", "withdrawn"] | None = None
    revision: int | None = None


@get(
    "/api/v1/articles",
    action="article.list",
    sync_to_thread=True,
    operation_class=described(ArticleListing),
    summary="Articles of the knowledge base, newest first",
)
def list_articles(request: AnyRequest) -> Response[Items[ArticleShape]]:
    asked = query(request, ArticleListing)
    with reading(request) as (connection, actor):
        page = article_list(
            connection, actor, state=asked.state, category=asked.category, cursor=asked.cursor, limit=asked.limit
        )
    return answer_list(request, page, lambda line: _shape(request, line))


@get(
    "/api/v1/articles/{article_id:str}",
    action="article.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="An article",
)
def read_article(request: AnyRequest, article_id: FromPath[str]) -> Response[WholeArticle]:
    with reading(request) as (connection, actor):
        return Response(_shown(request, connection, actor, path_id(article_id)))


@patch(
    "/api/v1/articles/{article_id:str}",
    action="article.edit",
    sync_to_thread=True,
    operation_class=described(),
    summary="Change, publish or withdraw an article",
)
def change_article(
    request: AnyRequest, article_id: FromPath[str], data: JSONBody[ArticleChange]
) -> Response[WholeArticle]:
    with writing(request) as (session, actor):
        require(may_review(actor))
        key = path_id(article_id)
        _change(session, actor, key, data)
        session.flush()
        return Response(_shown(request, session.connection(), actor, key))


def _change(session: Session, actor: Actor, article_id: int, data: ArticleChange) -> None:
    """The words first, then the state; a state that it has already asks for nothing."""
    now = article_page(session.connection(), actor, article_id=article_id)
    words = {
        "title": now.title if data.title is None else data.title,
        "body": now.source if data.body is None else data.body,
    }
    version = now.version if data.revision is None else data.revision
    publishes = data.state == "published" and now.state != "published"
    save = reviewing.publish if publishes else reviewing.edit
    save(session, actor, article_id=article_id, version=version, **words)
    if data.state == "withdrawn":
        reviewing.withdraw(session, actor, article_id=article_id)


def _shown(request: AnyRequest, connection: Connection, actor: Actor, article_id: int) -> WholeArticle:
    found = article_page(connection, actor, article_id=article_id)
    known = found.answer_by_handle is not None
    return WholeArticle(
        **msgspec.structs.asdict(_shape(request, found)),
        body=found.source,
        html=found.html,
        revision=found.version,
        thread=found.thread_id,
        answer=found.post_id,
        author=Person(handle=found.answer_by_handle or "", name=found.answer_by_name or "") if known else None,
    )


def _shape(request: AnyRequest, line: ArticleLine | ArticlePage) -> ArticleShape:
    return ArticleShape(
        id=line.id,
        title=line.title,
        url=absolute(request, f"/help/{line.id}/{line.slug}"),
        state=line.state,
        category=line.category_slug,
        locale=line.locale,
        updated_at=line.changed_at,
        published_at=line.published_at,
    )


routes = [list_articles, read_article, change_article]
