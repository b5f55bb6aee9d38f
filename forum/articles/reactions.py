"""Articles follow the threads that they come from: every fact that may concern one leads to the same comparison."""

from typing import Any

from sqlalchemy.orm import Session

from forum.articles import drafting
from forum.events import (
    AnswerAccepted,
    AnswerWithdrawn,
    PostDeleted,
    PostEdited,
    PostHidden,
    PostRestored,
    ThreadEdited,
    ThreadHidden,
    ThreadRestored,
)
from forum.kernel.outbox import Reaction


def level(session: Session, event: Any) -> None:
    """Bring the article of the event's thread level with it."""
    drafting.level(session, thread_id=event.thread_id)


REACTIONS: dict[type[Any], Reaction] = dict.fromkeys(
    (
        AnswerAccepted,
        AnswerWithdrawn,
        PostDeleted,
        PostEdited,
        PostHidden,
        PostRestored,
        ThreadEdited,
        ThreadHidden,
        ThreadRestored,
    ),
    level,
)
