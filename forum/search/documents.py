"""From threads and articles to what is searched: only what everybody may read who may see the category.

Everything comes in batches: a reaction brings one, a rebuild some hundreds at once, with the same few statements.
"""

import html
import re
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import BigInteger, Connection, String, bindparam, delete, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.search import spelling
from forum.search.tables import SearchDocument
from forum.threads.tables import Post, Tag, Thread, ThreadTag

LONGEST_BODY = 50_000
"""Characters of a thread that are searched; the best answers come first, so a longer thread loses its tail alone."""
MOST_POSTS = 200

Kind = Literal["thread", "article"]
_INLINE = re.compile(r"</?(?:a|b|code|del|em|i|kbd|mark|s|span|strong|sub|sup)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")

_D, _T, _P, _A, _G = (table.__table__.c for table in (SearchDocument, Thread, Post, Article, Tag))
_IDS = bindparam("ids", expanding=True, type_=BigInteger)
_THREADS: Select[Any] = select(_T.id, _T.title, _T.locale, _T.solved_at.is_not(None).label("is_resolved")).where(
    _T.id.in_(_IDS), _T.hidden_at.is_(None)
)
_BEST_FIRST = (_P.number != 1, _P.is_comment, _P.rank.desc(), _P.id)
_RANKED = (
    select(
        _P.id,
        _P.thread_id,
        _P.html,
        func.row_number().over(partition_by=_P.thread_id, order_by=_BEST_FIRST).label("place"),
    )
    .where(_P.thread_id.in_(_IDS), _P.hidden_at.is_(None), _P.deleted_at.is_(None))
    .subquery()
)
_POSTS: Select[Any] = (
    select(_RANKED).where(_RANKED.c.place <= MOST_POSTS).order_by(_RANKED.c.thread_id, _RANKED.c.place)
)
_TAGS: Select[Any] = (
    select(ThreadTag.thread_id, _G.name)
    .join(Tag.__table__, _G.id == ThreadTag.tag_id)
    .where(ThreadTag.thread_id.in_(_IDS))
    .order_by(_G.id)
)
_ARTICLES: Select[Any] = select(_A.id, _A.title, _A.locale, _A.html).where(_A.id.in_(_IDS), _A.state == "published")
_GONE = delete(SearchDocument).where(_D.kind == bindparam("of_kind", type_=String), _D.local_id.in_(_IDS))


def plain(markup: str) -> str:
    """The words of our own sanitised HTML."""
    return " ".join(html.unescape(_TAG.sub(" ", _INLINE.sub("", markup))).split())


def refresh_threads(session: Session, ids: Sequence[int]) -> None:
    """Make the index say of these threads what they are now."""
    connection = _held(session, Thread, ids)
    lines: dict[int, list[tuple[int, str]]] = {}
    for post in connection.execute(_POSTS, {"ids": ids}):
        lines.setdefault(post.thread_id, []).append((post.id, plain(post.html)))
    tags: dict[int, list[str]] = {}
    for tag in connection.execute(_TAGS, {"ids": ids}):
        tags.setdefault(tag.thread_id, []).append(tag.name)
    threads = connection.execute(_THREADS, {"ids": ids})
    _replace(session, "thread", ids, [_of_thread(row, lines.get(row.id, []), tags.get(row.id, [])) for row in threads])


def refresh_articles(session: Session, ids: Sequence[int]) -> None:
    """Make the index say of these articles what they are now."""
    articles = _held(session, Article, ids).execute(_ARTICLES, {"ids": ids})
    _replace(session, "article", ids, [_of_article(row) for row in articles])


def _held(session: Session, table: type[Thread] | type[Article], ids: Sequence[int]) -> Connection:
    """Hold the rows until the transaction ends: of two reactions to one thread, the later must see what the earlier saw, or more."""
    session.flush()
    session.execute(select(table.id).where(table.id.in_(ids)).order_by(table.id).with_for_update(key_share=True)).all()
    return session.connection()


def _replace(session: Session, kind: Kind, ids: Sequence[int], documents: list[dict[str, Any]]) -> None:
    """Delete and insert, so that the newest change has the highest id: ties are broken by it, and the newest are ranked first."""
    connection, at = session.connection(), now()
    connection.execute(_GONE, {"of_kind": kind, "ids": ids})
    if documents:
        rows = [{"kind": kind, "changed_at": at, **document} for document in documents]
        connection.execute(insert_new(session, SearchDocument), rows)
        spelling.learn(session, (f"{document['title']} {document['tags']}" for document in documents))


def _of_thread(thread: Any, posts: list[tuple[int, str]], tags: list[str]) -> dict[str, Any]:
    lines = _fitting([line for _, line in posts])
    return {
        "local_id": thread.id,
        "is_resolved": thread.is_resolved,
        "locale": thread.locale,
        "title": thread.title,
        "tags": " ".join(tags),
        "body": "\n".join(lines),
        "posts": [post_id for post_id, _ in posts[: len(lines)]],
    }


def _fitting(lines: list[str]) -> list[str]:
    """As many of them as are searched, the last one perhaps cut."""
    left = LONGEST_BODY
    kept = []
    for line in lines:
        if left <= 0:
            break
        kept.append(line[:left])
        left -= len(line)
    return kept


def _of_article(article: Any) -> dict[str, Any]:
    return {
        "local_id": article.id,
        "is_resolved": True,
        "locale": article.locale,
        "title": article.title,
        "tags": "",
        "body": plain(article.html)[:LONGEST_BODY],
        "posts": [],
    }
