"""From threads and articles to what is searched: only what everybody of the category's audience may read."""

import html
import re
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.search.tables import SearchDocument
from forum.threads.tables import Category, Post, Tag, Thread, ThreadTag

LONGEST_BODY = 50_000
"""Characters of a thread that are searched; the best answers come first, so a longer thread loses its tail alone."""

_TAG = re.compile(r"<[^>]*>")


def plain(markup: str) -> str:
    """The words of our own sanitised HTML."""
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def refresh_thread(session: Session, thread_id: int) -> None:
    """Make the index say of a thread what it is now."""
    thread = session.get(Thread, thread_id, populate_existing=True)
    _replace(session, "thread", thread_id, None if thread is None or thread.hidden_at else _of_thread(session, thread))


def refresh_article(session: Session, article_id: int) -> None:
    """Make the index say of an article what it is now."""
    article = session.get(Article, article_id, populate_existing=True)
    shown = article is not None and article.state == "published"
    _replace(session, "article", article_id, _of_article(session, article) if article is not None and shown else None)


def _replace(session: Session, kind: str, local_id: int, document: dict[str, Any] | None) -> None:
    """Delete and insert, so that the newest change has the highest id: ties are broken by it."""
    session.execute(
        delete(SearchDocument)
        .where(SearchDocument.kind == kind, SearchDocument.local_id == local_id)
        .execution_options(synchronize_session=False)
    )
    if document is not None:
        session.execute(insert_new(session, SearchDocument).values(kind=kind, local_id=local_id, **document))


def _of_thread(session: Session, thread: Thread) -> dict[str, Any]:
    posts = session.scalars(
        select(Post.html)
        .where(Post.thread_id == thread.id, Post.hidden_at.is_(None), Post.deleted_at.is_(None))
        .order_by(Post.number != 1, Post.is_comment, Post.rank.desc(), Post.id)
        .limit(200)
    )
    names = session.scalars(
        select(Tag.name).join(ThreadTag, ThreadTag.tag_id == Tag.id).where(ThreadTag.thread_id == thread.id)
    )
    return {
        "audience": session.get_one(Category, thread.category_id).audience,
        "locale": thread.locale,
        "is_resolved": thread.solved_at is not None,
        "title": thread.title,
        "tags": " ".join(names),
        "body": " ".join(plain(markup) for markup in posts)[:LONGEST_BODY],
        "changed_at": now(),
    }


def _of_article(session: Session, article: Article) -> dict[str, Any]:
    return {
        "audience": session.get_one(Category, article.category_id).audience,
        "locale": article.locale,
        "is_resolved": True,
        "title": article.title,
        "tags": "",
        "body": plain(article.html)[:LONGEST_BODY],
        "changed_at": now(),
    }
