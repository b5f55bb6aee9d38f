"""Votes: one per member and post, up, down or none."""

from sqlalchemy.orm import Session

from forum.events import VoteCast
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Invalid
from forum.threads import counting
from forum.threads.finding import held_post
from forum.threads.policies import may_vote
from forum.threads.posting import member_of
from forum.threads.tables import Post, Thread, Vote


def vote(session: Session, actor: Actor, *, post_id: int, value: int) -> Post:
    """Make this member's vote on a post 1, -1 or 0 (none). Saying the same again changes nothing.

    Raises:
        NotFound: the post does not exist, or this actor cannot see it.
        Gone: its author deleted it.
        NotAllowed: it is the actor's own, or the privilege is missing.
        Invalid: there is no such vote.
    """
    if value not in (-1, 0, 1):
        raise Invalid({"value": N_("A vote is 1, 0 or -1.")})
    post, thread, _ = held_post(session, actor, post_id)
    require(may_vote(actor, post, value))
    current = session.get(Vote, (post.id, member_of(actor)), populate_existing=True)
    if (current.value if current else 0) == value:
        return post
    _replace(session, actor, thread, post, current, value)
    counting.page_changed(thread)
    outbox.record(session, VoteCast(post_id=post.id, member_id=member_of(actor)))
    return post


def _replace(session: Session, actor: Actor, thread: Thread, post: Post, current: Vote | None, value: int) -> None:
    if current is not None:
        counting.count_vote(thread, post, current.value, by_staff=current.by_staff, times=-1)
    if value:
        counting.count_vote(thread, post, value, by_staff=actor.is_staff, times=1)
    if current is None:
        session.add(Vote(post_id=post.id, member_id=member_of(actor), value=value, by_staff=actor.is_staff, at=now()))
    elif value:
        current.value, current.by_staff, current.at = value, actor.is_staff, now()
    else:
        session.delete(current)
    session.flush()  # a row that is deleted here may be wanted again in the same transaction
