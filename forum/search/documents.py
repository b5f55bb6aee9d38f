"""From threads and articles to what is searched: only what everybody may read who may see the category."""

import html
import re
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import Base, insert_new
from forum.search.tables import SearchDocument
from forum.threads.tables import Post, Tag, Thread, ThreadTag

E = TypeVar("E", bound=Base)
LONGEST_BODY = 50_000
"""Characters of a thread that are searched; the best answers come first, so a longer thread loses its tail alone."""
MOST_POSTS = 200

_INLINE = re.compile(r"</?(?:a|b|code|del|em|i|kbd|mark|s|span|strong|sub|sup)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")


def plain(markup: str) -> str:
    """The words of our own sanitised HTML."""
    return " ".join(html.unescape(_TAG.sub(" ", _INLINE.sub("", markup))).split())


def refresh_thread(session: Session, thread_id: int) -> None:
    """Make the index say of a thread what it is now."""
    thread = _held(session, Thread, thread_id)
    _replace(session, "thread", thread_id, None if thread is None or thread.hidden_at else _of_thread(session, thread))


def refresh_article(session: Session, article_id: int) -> None:
    """Make the index say of an article what it is now."""
    article = _held(session, Article, article_id)
    shown = article is not None and article.state == "published"
    _replace(session, "article", article_id, _of_article(article) if article is not None and shown else None)


def _held(session: Session, entity: type[E], key: int) -> E | None:
    """Read under the lock of what is read: of two workers that index the same thing, the later one must write the later state."""
    return session.get(entity, key, with_for_update={"key_share": True}, populate_existing=True)


def _replace(session: Session, kind: str, local_id: int, document: dict[str, Any] | None) -> None:
    """Delete and insert, so that the newest change has the highest id: ties are broken by it, and the newest are ranked first."""
    session.execute(
        delete(SearchDocument)
        .where(SearchDocument.kind == kind, SearchDocument.local_id == local_id)
        .execution_options(synchronize_session=False)
    )
    if document is not None:
        session.execute(insert_new(session, SearchDocument).values(kind=kind, local_id=local_id, **document))


def _of_thread(session: Session, thread: Thread) -> dict[str, Any]:
    posts = session.execute(
        select(Post.id, Post.html)
        .where(Post.thread_id == thread.id, Post.hidden_at.is_(None), Post.deleted_at.is_(None))
        .order_by(Post.number != 1, Post.is_comment, Post.rank.desc(), Post.id)
        .limit(MOST_POSTS)
    ).all()
    names = session.scalars(
        select(Tag.name)
        .join(ThreadTag, ThreadTag.tag_id == Tag.id)
        .where(ThreadTag.thread_id == thread.id)
        .order_by(Tag.id)
    )
    lines = _fitting([plain(post.html) for post in posts])
    return {
        "is_resolved": thread.solved_at is not None,
        "locale": thread.locale,
        "title": thread.title,
        "tags": " ".join(names),
        "body": "\n".join(lines),
        "posts": [post.id for post in posts[: len(lines)]],
        "changed_at": now(),
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


def _of_article(article: Article) -> dict[str, Any]:
    return {
        "is_resolved": True,
        "locale": article.locale,
        "title": article.title,
        "tags": "",
        "body": plain(article.html)[:LONGEST_BODY],
        "posts": [],
        "changed_at": now(),
    }
