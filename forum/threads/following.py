"""Following threads. Authors and those who reply follow by themselves; everybody stops when they like."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.threads.finding import held_thread
from forum.threads.policies import may_take_part
from forum.threads.posting import member_of
from forum.threads.tables import Subscription, Thread


def follow(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Be told of what is new in a thread. Following twice changes nothing.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: nobody is signed in, or the account is suspended.
    """
    require(may_take_part(actor))
    thread, _ = held_thread(session, actor, thread_id)
    start(session, thread, actor)


def unfollow(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Be told no more. It asks for nothing but a member: whoever cannot see a thread any longer can still leave it.

    Raises:
        NotAllowed: nobody is signed in.
    """
    mine = (Subscription.thread_id == thread_id, Subscription.member_id == member_of(actor))
    session.execute(delete(Subscription).where(*mine))


def start(session: Session, thread: Thread, actor: Actor) -> None:
    """Make somebody follow a thread that they see."""
    values = {"thread_id": thread.id, "member_id": member_of(actor), "since": now()}
    session.flush()
    session.connection().execute(insert_new(session, Subscription), values)
