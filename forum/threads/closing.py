"""Closing a thread to replies, and opening it again. Moderation decides; here it takes effect."""

from sqlalchemy.orm import Session

from forum.events import ThreadClosed, ThreadReopened
from forum.kernel import outbox
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.threads import counting
from forum.threads.tables import Thread
from forum.visibility import DecisionId

LONGEST_REASON = 200  # on the thread; the log has it all


def close(session: Session, *, thread_id: int, decision: DecisionId, reason: str) -> bool:
    """Let nobody reply any more; returns whether that changed anything. `reason` is shown on the thread.

    Raises:
        NotFound: there is no such thread.
    """
    thread = locked(session, Thread, thread_id)
    if thread.closed_at is not None:
        return False
    thread.closed_at, thread.closed_by, thread.closed_reason = now(), decision.value, reason[:LONGEST_REASON]
    counting.page_changed(thread)
    outbox.record(session, ThreadClosed(thread_id=thread.id))
    return True


def reopen(session: Session, *, thread_id: int, decision: DecisionId) -> bool:
    """Let people reply again; returns whether that changed anything. The decision and its reason stand in the public log.

    Raises:
        NotFound: there is no such thread.
    """
    thread = locked(session, Thread, thread_id)
    if thread.closed_at is None:
        return False
    thread.closed_at, thread.closed_by, thread.closed_reason = None, None, ""
    thread.closed_before_import = False
    thread.duplicate_of_id = None
    counting.page_changed(thread)
    outbox.record(session, ThreadReopened(thread_id=thread.id))
    return True


def forget_words(session: Session, *, thread_id: int, decision_id: int) -> None:
    """The words of a decision were redacted: the thread keeps no copy of them, and its page, which quotes them, is another.

    Raises:
        NotFound: there is no such thread.
    """
    thread = locked(session, Thread, thread_id)
    if thread.closed_by == decision_id:
        thread.closed_reason = ""
    counting.page_changed(thread)
