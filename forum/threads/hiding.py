"""Taking posts and threads out of sight, and bringing them back. Moderation decides; here it takes effect.

An opening post goes together with its thread, whose title is part of what was said.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.events import PostHidden, PostRestored, ThreadHidden, ThreadRestored
from forum.kernel import outbox
from forum.kernel.db import locked
from forum.kernel.errors import NotFound
from forum.threads import counting, tags
from forum.threads.tables import Post, Thread
from forum.visibility import DecisionId, hide, restore


def hide_post(session: Session, *, post_id: int, decision: DecisionId) -> bool:
    """Take a post out of sight; returns whether that changed anything.

    Raises:
        NotFound: there is no such post.
    """
    post, thread = _held(session, post_id)
    if post.hidden_at is not None:
        return False
    counting.reply_goes(thread, post)
    hide(post, decision=decision)
    counting.settle_marks(session, thread)
    outbox.record(session, PostHidden(thread_id=thread.id, post_id=post.id))
    if post.number == 1:
        _hide_thread(session, thread, decision)
    return True


def restore_post(session: Session, *, post_id: int, decision: DecisionId) -> bool:
    """Bring a post back; returns whether that changed anything. A thread that was hidden with its opening post comes along.

    Raises:
        NotFound: there is no such post.
    """
    post, thread = _held(session, post_id)
    hidden_by = post.hidden_by
    if not restore(post, decision=decision):
        return False
    counting.reply_is_back(thread, post)
    counting.settle_marks(session, thread)
    outbox.record(session, PostRestored(thread_id=thread.id, post_id=post.id))
    if post.number == 1 and thread.hidden_by == hidden_by:
        _restore_thread(session, thread, decision)
    return True


def hide_thread(session: Session, *, thread_id: int, decision: DecisionId) -> bool:
    """Take a thread out of sight with all that it holds; returns whether that changed anything.

    Raises:
        NotFound: there is no such thread.
    """
    return _hide_thread(session, locked(session, Thread, thread_id), decision)


def restore_thread(session: Session, *, thread_id: int, decision: DecisionId) -> bool:
    """Bring a thread back, and its opening post where one decision hid both; returns whether that changed anything.

    Raises:
        NotFound: there is no such thread.
    """
    thread = locked(session, Thread, thread_id)
    together = select(Post.id).where(Post.thread_id == thread.id, Post.number == 1, Post.hidden_by == thread.hidden_by)
    opening = session.scalar(together)
    if opening is not None:
        return restore_post(session, post_id=opening, decision=decision)
    return _restore_thread(session, thread, decision)


def _hide_thread(session: Session, thread: Thread, decision: DecisionId) -> bool:
    if thread.hidden_at is not None:
        return False
    counting.count_tags(session, thread, tags.ids_of(session, thread), -1)
    hide(thread, decision=decision)
    counting.page_changed(thread)
    outbox.record(session, ThreadHidden(thread_id=thread.id))
    return True


def _restore_thread(session: Session, thread: Thread, decision: DecisionId) -> bool:
    if not restore(thread, decision=decision):
        return False
    counting.count_tags(session, thread, tags.ids_of(session, thread), 1)
    counting.page_changed(thread)
    outbox.record(session, ThreadRestored(thread_id=thread.id))
    return True


def _held(session: Session, post_id: int) -> tuple[Post, Thread]:
    thread_id = session.scalar(select(Post.thread_id).where(Post.id == post_id))
    if thread_id is None:
        raise NotFound()
    thread = locked(session, Thread, thread_id)
    return session.get_one(Post, post_id, populate_existing=True), thread
