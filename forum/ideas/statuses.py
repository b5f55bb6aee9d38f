"""What the company says of an idea. Each status with its public answer stays on record."""

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from forum.events import IdeaStatusChanged
from forum.ideas.policies import may_set_status
from forum.ideas.tables import STATUSES, Idea, IdeaStatusChange
from forum.kernel import markdown, outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict
from forum.threads import counting, text
from forum.threads.finding import held_thread
from forum.threads.posting import member_of
from forum.threads.tables import Thread
from forum.visibility import DecisionId

ANSWERED = frozenset({"planned", "in_progress", "shipped", "declined"})
"""The statuses that the company must explain in public."""


def set_status(
    session: Session, actor: Actor, *, thread_id: int, status: str, comment: str = "", decision: DecisionId
) -> IdeaStatusChange:
    """Give an idea a status, with the company's words on it in Markdown. It is a decision: moderation writes it down first.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: only staff and administrators may.
        Conflict: the thread is no idea, or has this status already.
        Invalid: there is no such status, or the public answer is missing.
    """
    thread, _ = held_thread(session, actor, thread_id)
    require(may_set_status(actor))
    if thread.kind != "idea":
        raise Conflict(N_("Only an idea has a status."))
    idea = locked(session, Idea, thread.id)
    comment = _checked(status, comment)
    if status == idea.status:
        raise Conflict(N_("The idea has this status already."))
    change = _change(actor, idea, status, comment, decision)
    idea.status, idea.status_at = status, change.at
    session.add(change)
    session.flush()
    _tell(session, thread, change)
    return change


def _checked(status: str, comment: str) -> str:
    faults = text.Faults()
    if status == "duplicate":
        faults.add("status", N_("An idea becomes a duplicate by being merged into another."))
    elif status not in STATUSES:
        faults.add("status", N_("There is no such status."))
    if comment.strip():
        comment = text.public_answer(comment, faults)
    elif status in ANSWERED:
        faults.add("comment", N_("Say in public why: everybody who voted will read it."))
    faults.refuse()
    return comment.strip()


def _change(actor: Actor, idea: Idea, status: str, comment: str, decision: DecisionId) -> IdeaStatusChange:
    return IdeaStatusChange(
        thread_id=idea.thread_id,
        before=idea.status,
        after=status,
        source=comment,
        html=markdown.render(comment).html if comment else "",
        by_member_id=member_of(actor),
        team=actor.team,
        decision_id=decision.value,
        at=now(),
    )


def _tell(session: Session, thread: Thread, change: IdeaStatusChange) -> None:
    counting.page_changed(thread)
    outbox.record(session, IdeaStatusChanged(thread_id=thread.id, change_id=change.id))


_STATUS = select(Idea.status).where(Idea.thread_id == bindparam("thread_id"))


def status_of(connection: Connection, *, thread_id: int) -> str | None:
    """The present status of an idea; None for a thread that is none. Whether the thread may be seen is the caller's to ask."""
    return connection.execute(_STATUS, {"thread_id": thread_id}).scalar_one_or_none()
