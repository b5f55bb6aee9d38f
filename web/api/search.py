"""Finding over the API: search, and what looks like a question that is being written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from msgspec import Meta

from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.search import pages
from forum.search.pages import Asked, FoundArticle, Result, Similar
from forum.threads.lists import ThreadLine
from web.api.calls import AnyRequest, Items, Listing, absolute, answer_list, reading
from web.api.describing import described
from web.arguments import query

FoundKind = Literal["question", "idea", "discussion", "announcement", "article"]


class Searching(Listing, frozen=True, kw_only=True):
    """What is looked for, in the words of the search page; kinds, categories and languages may come several times."""

    q: str
    kind: tuple[FoundKind, ...] = ()
    category: tuple[str, ...] = ()
    locale: tuple[str, ...] = ()


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is being written."""

    title: str
    body: str = ""
    limit: Annotated[int, Meta(ge=1, le=20)] = 5


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A thread or article that was found. `at` is when a thread was opened, or an article changed last."""

    kind: str
    id: int
    title: str
    url: str
    category: str
    locale: str
    excerpt: str
    solved: bool
    official: bool
    replies: int
    at: datetime


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A thread or article that may answer it."""

    kind: str
    id: int
    title: str
    url: str
    solved: bool
    replies: int


@get(
    "/api/v1/search",
    action="search.find",
    sync_to_thread=True,
    operation_class=described(Searching),
    summary="Threads and articles, the best first",
)
def search(request: AnyRequest) -> Response[Items[Found]]:
    asked = query(request, Searching)
    offset = max(decode_cursor(asked.cursor, int)[0], 0) if asked.cursor else 0
    with reading(request) as (connection, actor):
        found = pages.search_page(
            connection,
            actor,
            Asked(
                typed=asked.q,
                kinds=asked.kind,
                categories=asked.category,
                locales=asked.locale,
                offset=offset,
                size=asked.limit,
            ),
        )
    following = offset + asked.limit
    page = Page(items=found.results, next=encode_cursor(following) if following < found.total else None)
    return answer_list(request, page, lambda result: _found(request, result))


@get(
    "/api/v1/similar",
    action="search.find",
    sync_to_thread=True,
    operation_class=described(Writing),
    summary="What looks like a question that is being written",
)
def similar(request: AnyRequest) -> Response[Items[Alike]]:
    asked = query(request, Writing)
    with reading(request) as (connection, actor):
        found = pages.similar(connection, actor, title=asked.title, body=asked.body, limit=asked.limit)
    return Response(Items(items=[_alike(request, one) for one in found], next=None))


def _found(request: AnyRequest, result: Result) -> Found:
    excerpt = "".join(piece for piece, _ in result.excerpt)
    if result.article is not None:
        return _found_article(request, result.article, excerpt)
    if result.thread is None:
        raise AssertionError("a result is a thread or an article")
    return _found_thread(request, result.thread, excerpt)


def _found_article(request: AnyRequest, article: FoundArticle, excerpt: str) -> Found:
    return Found(
        kind="article",
        id=article.id,
        title=article.title,
        url=absolute(request, f"/help/{article.id}/{article.slug}"),
        category=article.category_slug,
        locale=article.locale,
        excerpt=excerpt,
        solved=True,
        official=False,
        replies=0,
        at=article.changed_at,
    )


def _found_thread(request: AnyRequest, line: ThreadLine, excerpt: str) -> Found:
    return Found(
        kind=line.kind,
        id=line.id,
        title=line.title,
        url=absolute(request, f"/t/{line.id}/{line.slug}"),
        category=line.category_slug,
        locale=line.locale,
        excerpt=excerpt,
        solved=line.is_solved,
        official=line.is_official,
        replies=line.reply_count,
        at=line.created_at,
    )


def _alike(request: AnyRequest, one: Similar) -> Alike:
    place = "help" if one.kind == "article" else "t"
    return Alike(
        kind=one.kind,
        id=one.id,
        title=one.title,
        url=absolute(request, f"/{place}/{one.id}/{one.slug}"),
        solved=one.is_solved,
        replies=one.reply_count,
    )


routes = [search, similar]
