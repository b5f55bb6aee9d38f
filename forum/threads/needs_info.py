"""A question that cannot be answered yet: somebody who helps asked for more, and it leaves the work lists until the asker speaks.

What is missing is said in a reply, as everything else; here stands only that the asker's word is waited for.
"""

from sqlalchemy.orm import Session

from forum.events import DetailsAsked
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict
from forum.threads import counting
from forum.threads.finding import held_thread
from forum.threads.policies import may_ask_for_details
from forum.threads.tables import Thread


def ask(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Wait for more from the asker, who is told. Asked twice it changes nothing.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: this actor may not say so of it.
        Conflict: it is no question, or is solved or closed, so nothing is waited for.
    """
    thread, category = held_thread(session, actor, thread_id)
    require(may_ask_for_details(actor.within(category.id), thread))
    if thread.kind != "question" or thread.solved_at is not None or thread.closed_at is not None:
        raise Conflict(N_("Only a question that is open and not solved can wait for details."))
    if thread.needs_info_at is None:
        thread.needs_info_at = now()
        counting.page_changed(thread)
        outbox.record(session, DetailsAsked(thread_id=thread.id, by_member_id=actor.member_id or 0))


def settle(session: Session, actor: Actor, *, thread_id: int) -> None:
    """Wait no longer. Where nothing was waited for, nothing changes.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: this actor may not say so of it.
    """
    thread, category = held_thread(session, actor, thread_id)
    require(may_ask_for_details(actor.within(category.id), thread))
    _forget(thread)


def heard(thread: Thread, actor: Actor) -> None:
    """Somebody spoke in the thread or edited their question: if it was the asker, it is the others' turn again.

    Whoever calls holds the thread's lock.
    """
    if actor.member_id == thread.author_id:
        _forget(thread)


def _forget(thread: Thread) -> None:
    if thread.needs_info_at is not None:
        thread.needs_info_at = None
        counting.page_changed(thread)
