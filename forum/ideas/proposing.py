"""Proposing an idea: a thread that the company will answer with a status. Its supporters vote on its first post."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from forum.ideas.tables import Idea
from forum.kernel.access import Actor
from forum.threads import asking
from forum.threads.tables import Thread


def propose(
    session: Session,
    actor: Actor,
    *,
    category: str,
    title: str,
    body: str,
    tags: Sequence[str] = (),
    locale: str = "",
) -> Thread:
    """Open an idea, which is new until the company says more. Refuses as `asking.ask` does."""
    thread = asking.open_thread(
        session, actor, kind="idea", category=category, title=title, body=body, tags=tags, locale=locale
    )
    session.add(Idea(thread_id=thread.id, status="new", status_at=thread.created_at))
    return thread


def open_any(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    category: str,
    title: str,
    body: str,
    tags: Sequence[str] = (),
    locale: str = "",
    urgent: bool = False,
) -> Thread:
    """Open a thread of whatever kind: the door for forms and programs that ask for the kind. Ideas are never urgent.

    Refuses as `asking.ask` does.
    """
    if kind == "idea":
        return propose(session, actor, category=category, title=title, body=body, tags=tags, locale=locale)
    return asking.ask(
        session,
        actor,
        kind=kind,
        category=category,
        title=title,
        body=body,
        tags=tags,
        locale=locale,
        urgent=urgent,
    )
