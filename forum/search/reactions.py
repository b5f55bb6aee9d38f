"""Keeping the index level: every fact about a thread or article leads to its present document."""

from typing import Any

from sqlalchemy.orm import Session

from forum import events
from forum.kernel.outbox import Reaction
from forum.search import documents


def level_thread(session: Session, event: Any) -> None:
    """Index the event's thread as it is now."""
    documents.refresh_threads(session, [event.thread_id])


def level_article(session: Session, event: Any) -> None:
    """Index the event's article as it is now."""
    documents.refresh_articles(session, [event.article_id])


REACTIONS: dict[type[Any], Reaction] = {
    **dict.fromkeys(
        (
            events.ThreadOpened,
            events.ThreadEdited,
            events.ThreadClosed,
            events.ThreadReopened,
            events.ThreadHidden,
            events.ThreadRestored,
            events.PostAdded,
            events.PostEdited,
            events.PostDeleted,
            events.PostHidden,
            events.PostRestored,
            events.AnswerAccepted,
            events.AnswerWithdrawn,
        ),
        level_thread,
    ),
    events.ArticlePublished: level_article,
    events.ArticleWithdrawn: level_article,
}
