"""Replying to a thread."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from forum.events import PostAdded
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict
from forum.threads import counting, following, needs_info, posting, text
from forum.threads.finding import held_post, held_thread
from forum.threads.policies import may_reply, may_speak_officially, peers_first_until
from forum.threads.tables import Category, Post, Thread


def reply(session: Session, actor: Actor, *, thread_id: int, body: str, as_statement: bool = False) -> Post:
    """Add a reply, of staff as a personal one or as an official statement; its author follows the thread from then on.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: it is closed, peers answer first, or this actor may not reply or speak for the company.
        Invalid: the body needs mending.
    """
    thread, category = held_thread(session, actor, thread_id)
    at = now()
    require(may_reply(actor, thread, category, peer_replied=_peer_replied(session, actor, thread, category, at), at=at))
    if as_statement:
        require(may_speak_officially(actor))
    return _add(session, actor, thread, body, is_statement=as_statement, under=None, at=at)


def comment(session: Session, actor: Actor, *, post_id: int, body: str) -> Post:
    """Add a short word under a post, which answers nothing. Under a comment it joins that comment's row.

    Raises:
        NotFound: the post does not exist, or this actor cannot see it.
        Gone: its author deleted it.
        NotAllowed: as for a reply.
        Invalid: the body needs mending.
        Conflict: the post is out of sight.
    """
    post, thread, category = held_post(session, actor, post_id)
    at = now()
    require(may_reply(actor, thread, category, peer_replied=_peer_replied(session, actor, thread, category, at), at=at))
    if post.hidden_at is not None:
        raise Conflict(N_("This post is out of sight after a moderation decision, so nobody can comment on it."))
    return _add(session, actor, thread, body, is_statement=False, under=post.parent_id or post.id, at=at)


def _add(
    session: Session, actor: Actor, thread: Thread, body: str, *, is_statement: bool, under: int | None, at: datetime
) -> Post:
    faults = text.Faults()
    body = text.reply(body, faults)
    faults.refuse()
    number = counting.number_for_next_post(thread)
    post = posting.made(actor, thread, number=number, body=body, is_statement=is_statement, at=at)
    post.is_comment, post.parent_id = under is not None, under
    counting.reply_came(thread, post, at)
    needs_info.heard(thread, actor)
    session.add(post)
    following.start(session, thread, actor)
    session.flush()
    outbox.record(session, PostAdded(thread_id=thread.id, post_id=post.id))
    return post


_PEERS = (
    select(Post.id)
    .join(Thread, Thread.id == Post.thread_id)
    .where(
        Post.thread_id == bindparam("thread_id"),
        Post.number > 1,
        ~Post.is_comment,
        ~Post.is_company,
        Post.author_id != Thread.author_id,
        Post.hidden_at.is_(None),
        Post.deleted_at.is_(None),
    )
    .limit(1)
)


def peer_replied(session: Session, thread_id: int) -> bool:
    """Whether somebody who is neither the asker nor of the company has replied."""
    return session.scalar(_PEERS, {"thread_id": thread_id}) is not None


def _peer_replied(session: Session, actor: Actor, thread: Thread, category: Category, at: datetime) -> bool:
    """Asks the database only where the answer matters."""
    if not actor.is_staff or peers_first_until(thread, category) <= at:
        return False
    return peer_replied(session, thread.id)
