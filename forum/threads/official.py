"""The official answer: the company's word on a thread, beside what the asker accepted. One at a time."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from forum.events import OfficialMarked, OfficialWithdrawn
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict
from forum.threads import counting, ranking
from forum.threads.finding import held_post, held_thread
from forum.threads.policies import may_speak_officially
from forum.threads.posting import member_of
from forum.threads.tables import OfficialMark, Post, Thread


def mark(session: Session, actor: Actor, *, post_id: int) -> OfficialMark:
    """Say for the company that this reply, by whomever, is the answer. Marking another one later moves the mark.

    Raises:
        NotFound: the reply does not exist, or this actor cannot see it.
        Gone: its author deleted it.
        NotAllowed: only staff speak for the company.
        Conflict: it is no reply, or out of sight.
    """
    post, thread, _ = held_post(session, actor, post_id)
    require(may_speak_officially(actor))
    current = _standing(session, thread)
    if current is not None and current.post_id == post.id:
        return current
    _check(post)
    at = now()
    if current is not None:
        _take_away(session, thread, current, at)
    return _put(session, actor, thread, post, at)


def withdraw(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Take the official mark away. Where there is none, nothing changes.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: only staff speak for the company.
    """
    thread, _ = held_thread(session, actor, thread_id)
    require(may_speak_officially(actor))
    current = _standing(session, thread)
    if current is not None:
        _take_away(session, thread, current, now())
        counting.settle_marks(session, thread)


def _check(post: Post) -> None:
    if post.number == 1 or post.is_comment:
        raise Conflict(N_("Only a reply can be the official answer."))
    if post.hidden_at is not None:
        raise Conflict(N_("This reply is out of sight after a moderation decision."))


_STANDING = (
    select(OfficialMark)
    .where(OfficialMark.thread_id == bindparam("thread_id"), OfficialMark.withdrawn_at.is_(None))
    .execution_options(populate_existing=True)
)


def _standing(session: Session, thread: Thread) -> OfficialMark | None:
    return session.scalars(_STANDING, {"thread_id": thread.id}).one_or_none()


def _put(session: Session, actor: Actor, thread: Thread, post: Post, at: datetime) -> OfficialMark:
    marked = OfficialMark(thread_id=thread.id, post_id=post.id, by_member_id=member_of(actor), team=actor.team, at=at)
    session.add(marked)
    post.official_at = thread.official_at = at
    ranking.rerank(post)
    counting.page_changed(thread)
    outbox.record(session, OfficialMarked(thread_id=thread.id, post_id=post.id))
    return marked


def _take_away(session: Session, thread: Thread, current: OfficialMark, at: datetime) -> None:
    current.withdrawn_at = at
    post = session.get_one(Post, current.post_id, populate_existing=True)
    post.official_at = None
    ranking.rerank(post)
    counting.page_changed(thread)
    session.flush()  # before the mark is put elsewhere: at most one stands on a thread
    outbox.record(session, OfficialWithdrawn(thread_id=thread.id, post_id=post.id))
