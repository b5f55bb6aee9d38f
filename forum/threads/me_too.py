""" "I have this too": people who have the problem that a question asks about. Counted, and followed by the answer.

It says how many a problem concerns, which a vote does not: a vote says that a question is well asked.
"""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.threads import counting, following
from forum.threads.finding import held_thread
from forum.threads.policies import may_say_me_too, may_take_part
from forum.threads.posting import member_of
from forum.threads.tables import MeToo


def say(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Count this member among those who have the problem, and let them follow the thread. Said twice it changes nothing.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: it is no open question of somebody else's, or this actor may not take part.
    """
    require(may_take_part(actor))
    thread, _ = held_thread(session, actor, thread_id)
    require(may_say_me_too(actor, thread))
    if session.get(MeToo, (thread.id, member_of(actor))) is None:  # nobody else writes here while the thread is held
        session.add(MeToo(thread_id=thread.id, member_id=member_of(actor), at=now()))
        counting.concerns(thread, 1)
        following.start(session, thread, actor)


def take_back(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Count this member no longer. They go on following the thread until they say otherwise.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: nobody is signed in, or this actor may not take part.
    """
    require(may_take_part(actor))
    thread, _ = held_thread(session, actor, thread_id)
    mine = delete(MeToo).where(MeToo.thread_id == thread.id, MeToo.member_id == member_of(actor)).returning(MeToo.at)
    if session.execute(mine).one_or_none() is not None:
        counting.concerns(thread, -1)
