"""Search results and similar threads. The index is never an authority: what it finds is read again from the forum, as this
actor may see it.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Integer, bindparam, select
from sqlalchemy.sql import Select

from forum.articles.tables import Article
from forum.kernel.access import Actor
from forum.search import engine
from forum.search.queries import Question, excerpt, parsed, telling_words
from forum.search.tables import SearchDocument
from forum.threads.lists import ThreadLine, threads_by_id
from forum.threads.tables import Category

PAGE = 20
MOST_PAGES = 25

_R, _C, _S = Article.__table__.c, Category.__table__.c, SearchDocument.__table__.c


class FoundArticle(msgspec.Struct, frozen=True, array_like=True):
    """An article among the results."""

    id: int
    title: str
    slug: str
    category_name: str
    changed_at: datetime


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found: a thread or an article. `excerpt`: pieces of its text, each with whether it was searched for."""

    thread: ThreadLine | None
    article: FoundArticle | None
    excerpt: tuple[tuple[str, bool], ...]


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of results. `loosened`: nothing had all the words, so these have some."""

    typed: str
    results: tuple[Result, ...]
    page: int
    has_more: bool
    loosened: bool


class Similar(msgspec.Struct, frozen=True, kw_only=True):
    """A thread or article that may answer what is being asked."""

    kind: str
    id: int
    title: str
    slug: str
    is_solved: bool
    reply_count: int


_ARTICLES: Select[Any] = (
    select(_R.id, _R.title, _R.slug, _C.name, _R.changed_at)
    .join(Category.__table__, _C.id == _R.category_id)
    .where(
        _R.id.in_(bindparam("ids", expanding=True)),
        _R.state == "published",
        _C.audience <= bindparam("viewer_clearance", type_=Integer),
    )
)
_BODIES: Select[Any] = select(_S.kind, _S.local_id, _S.body).where(_S.local_id.in_(bindparam("ids", expanding=True)))


def search_page(connection: Connection, actor: Actor, *, typed: str, kind: str = "", page: int = 1) -> SearchPage:
    """What is found for what somebody typed; `kind` is "thread", "article" or "" for both."""
    question, page = parsed(typed), min(max(page, 1), MOST_PAGES)
    hits, loosened = _hits(connection, actor, question, kind, page)
    results = _results(connection, actor, question, hits[:PAGE])
    return SearchPage(
        typed=typed, results=results, page=page, has_more=len(hits) > PAGE and page < MOST_PAGES, loosened=loosened
    )


def _hits(
    connection: Connection, actor: Actor, question: Question, kind: str, page: int
) -> tuple[list[engine.Hit], bool]:
    def find(*, any_word: bool) -> list[engine.Hit]:
        return engine.find(
            connection,
            question,
            clearance=actor.clearance,
            kind=kind,
            limit=PAGE + 1,
            offset=(page - 1) * PAGE,
            any_word=any_word,
        )

    hits = find(any_word=False)
    if hits or page > 1 or len(question.wanted) < 2:
        return hits, False
    return find(any_word=True)[:PAGE], True


def _results(connection: Connection, actor: Actor, question: Question, hits: list[engine.Hit]) -> tuple[Result, ...]:
    threads = threads_by_id(connection, actor, [hit.local_id for hit in hits if hit.kind == "thread"])
    articles = _articles(connection, actor, [hit.local_id for hit in hits if hit.kind == "article"])
    bodies = _bodies(connection, [hit.local_id for hit in hits])
    found = []
    for hit in hits:
        thread = threads.get(hit.local_id) if hit.kind == "thread" else None
        article = articles.get(hit.local_id) if hit.kind == "article" else None
        if thread is not None or article is not None:
            body = bodies.get((hit.kind, hit.local_id), "")
            found.append(Result(thread=thread, article=article, excerpt=excerpt(body, question.words)))
    return tuple(found)


def _articles(connection: Connection, actor: Actor, ids: list[int]) -> dict[int, FoundArticle]:
    if not ids:
        return {}
    rows = connection.execute(_ARTICLES, {"ids": ids, "viewer_clearance": actor.clearance})
    return {row.id: FoundArticle(*row) for row in rows}


def _bodies(connection: Connection, ids: list[int]) -> dict[tuple[str, int], str]:
    if not ids:
        return {}
    return {(row.kind, row.local_id): row.body for row in connection.execute(_BODIES, {"ids": ids})}


def similar(connection: Connection, actor: Actor, *, title: str, body: str = "", limit: int = 5) -> tuple[Similar, ...]:
    """Threads and articles with the telling words of a question that is being written; the title counts, the body helps."""
    words = telling_words(f"{title} {body[:300]}")
    if not words:
        return ()
    question = Question(tuple((word,) for word in words))
    hits = engine.find(connection, question, clearance=actor.clearance, limit=limit * 2, any_word=True)
    threads = threads_by_id(connection, actor, [hit.local_id for hit in hits if hit.kind == "thread"])
    articles = _articles(connection, actor, [hit.local_id for hit in hits if hit.kind == "article"])
    found = (_similar(hit, threads, articles) for hit in hits)
    return tuple(each for each in found if each is not None)[:limit]


def _similar(hit: engine.Hit, threads: dict[int, ThreadLine], articles: dict[int, FoundArticle]) -> Similar | None:
    if hit.kind == "article" and hit.local_id in articles:
        article = articles[hit.local_id]
        return Similar(
            kind="article", id=article.id, title=article.title, slug=article.slug, is_solved=True, reply_count=0
        )
    thread = threads.get(hit.local_id) if hit.kind == "thread" else None
    if thread is None:
        return None
    return Similar(
        kind=thread.kind,
        id=thread.id,
        title=thread.title,
        slug=thread.slug,
        is_solved=thread.is_solved,
        reply_count=thread.reply_count,
    )
