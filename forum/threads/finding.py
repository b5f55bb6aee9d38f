"""Finding the thread or post that a verb is about, as far as its actor sees it. Pages have their own selects.

`held_…` also lock the thread until the transaction ends. Every verb that changes a thread or one of its posts takes this lock
first, so whatever hangs on a thread is written by one transaction at a time.
"""

from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Gone, NotFound
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, shown_to, visible_to

_THREAD = (
    select(Thread, Category)
    .join(Category, Category.id == Thread.category_id)
    .where(Thread.id == bindparam("thread_id"), visible_to(Thread, Category))
)
_THREAD_OF_POST = (
    select(Thread, Category)
    .join(Category, Category.id == Thread.category_id)
    .where(
        Thread.id == select(Post.thread_id).where(Post.id == bindparam("post_id")).scalar_subquery(),
        visible_to(Thread, Category),
    )
)
_POST = select(Post).where(Post.id == bindparam("post_id"), shown_to(Post))
# what others wrote while we waited for the lock must reach us, so nothing read before it is kept
_FRESH: dict[str, Any] = {"populate_existing": True}
_HELD_THREAD = _THREAD.with_for_update(key_share=True, of=Thread).execution_options(**_FRESH)
_HELD_THREAD_OF_POST = _THREAD_OF_POST.with_for_update(key_share=True, of=Thread).execution_options(**_FRESH)
_FRESH_POST = _POST.execution_options(**_FRESH)


def visible_thread(session: Session, actor: Actor, thread_id: int) -> Thread:
    """The thread of that id.

    Raises:
        NotFound: it does not exist, or this actor cannot see it.
    """
    return _one(session, actor, _THREAD, {"thread_id": thread_id})[0]


def visible_post(session: Session, actor: Actor, post_id: int) -> Post:
    """The post of that id.

    Raises:
        NotFound: it or its thread does not exist, or this actor cannot see it.
        Gone: its author deleted it.
    """
    _, category = _one(session, actor, _THREAD_OF_POST, {"post_id": post_id})
    return _post(session, actor.within(category.id), _POST, post_id)


def held_thread(session: Session, actor: Actor, thread_id: int) -> tuple[Thread, Category]:
    """The thread, locked, and its category.

    Raises:
        NotFound: it does not exist, or this actor cannot see it.
    """
    return _one(session, actor, _HELD_THREAD, {"thread_id": thread_id})


def held_post(session: Session, actor: Actor, post_id: int) -> tuple[Post, Thread, Category]:
    """The post as it is once its thread is locked, the thread and its category.

    Raises:
        NotFound: it or its thread does not exist, or this actor cannot see it.
        Gone: its author deleted it.
    """
    thread, category = _one(session, actor, _HELD_THREAD_OF_POST, {"post_id": post_id})
    return _post(session, actor.within(category.id), _FRESH_POST, post_id), thread, category


def opening_post(session: Session, thread: Thread) -> Post:
    """A thread's first post, of a thread that is locked."""
    return session.scalars(
        select(Post).where(Post.thread_id == thread.id, Post.number == 1).execution_options(**_FRESH)
    ).one()


def _one(
    session: Session, actor: Actor, statement: Select[Thread, Category], values: dict[str, int]
) -> tuple[Thread, Category]:
    row = session.execute(statement, values | as_seen_by(actor)).one_or_none()
    if row is None:
        raise NotFound()
    return row[0], row[1]


def _post(session: Session, actor: Actor, statement: Select[Post], post_id: int) -> Post:
    post = session.scalars(statement, {"post_id": post_id} | as_seen_by(actor)).one_or_none()
    if post is None:
        raise NotFound()
    if post.deleted_at is not None:
        raise Gone(N_("The author of this post has deleted it."))
    return post
