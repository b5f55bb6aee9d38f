"""Decisions for tests: the sentence and rule that most of them do not care about."""

from typing import Any

from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.threads.tables import Post, Thread
from moderation.decisions import Ruling, decide
from moderation.tables import Decision

WHY = "It gave the street and number of somebody else."


def ruling(action: str, target: Post | Thread, **changes: Any) -> Ruling:
    given = {"rule": "4", "reason_code": "personal-data", "text": WHY, **changes}
    return Ruling(
        action=action, target_kind="post" if isinstance(target, Post) else "thread", target_id=target.id, **given
    )


def decided(session: Session, actor: Actor, action: str, target: Post | Thread, **changes: Any) -> Decision:
    return decide(session, actor, ruling(action, target, **changes))
