"""What is seen by whom, and the only way to take something out of sight.

Reads: every select of threads or posts carries `visible_to(…)` and is run with `as_seen_by(actor)`.
Writes: `hide` and `restore` want a `DecisionId`, which only `moderation/decisions.py` makes, so nothing disappears without a
public entry. The database insists too: see `hidden_only_by_decision`.
"""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ColumnElement, Integer, and_, bindparam, or_

from forum.kernel.access import Actor
from forum.kernel.clock import now


class DecisionId:
    """Proof that a moderation decision was written to the public log in this transaction."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class Hideable(Protocol):
    """A thread, a post or an article."""

    hidden_at: datetime | None
    hidden_by: int | None


def hide(subject: Hideable, *, decision: DecisionId) -> bool:
    """Take a subject out of sight; returns whether that changed anything."""
    if subject.hidden_at is not None:
        return False
    subject.hidden_at, subject.hidden_by = now(), decision.value
    return True


def restore(subject: Hideable, *, decision: DecisionId) -> bool:
    """Bring a subject back into sight; returns whether that changed anything."""
    if subject.hidden_at is None:
        return False
    subject.hidden_at, subject.hidden_by = None, None
    return True


def hidden_only_by_decision() -> CheckConstraint:
    """The rule of a table with `hidden_at`: hidden means hidden by a decision, which `hidden_by` refers to."""
    return CheckConstraint("hidden_at IS NULL OR hidden_by IS NOT NULL", name="hidden_only_by_decision")


_VIEWER = bindparam("viewer_id", type_=BigInteger)
_CLEARANCE = bindparam("viewer_clearance", type_=Integer)
_SEES_HIDDEN = bindparam("viewer_sees_hidden", type_=Boolean)


def visible_to(subject: Any, audience: ColumnElement[int] | Any) -> ColumnElement[bool]:
    """The one condition of who sees a thread or post: `subject` has `hidden_at` and `author_id`, `audience` is the category's.

    It is made once per statement; who asks comes in with `as_seen_by(actor)` when the statement runs.
    """
    return and_(audience <= _CLEARANCE, shown_to(subject))


def shown_to(subject: Any) -> ColumnElement[bool]:
    """The part of `visible_to` that concerns the subject alone: not hidden, or one's own, or a moderator looks."""
    return or_(subject.hidden_at.is_(None), subject.author_id == _VIEWER, _SEES_HIDDEN)


def as_seen_by(actor: Actor) -> dict[str, Any]:
    """The values that `visible_to` asks for."""
    return {
        "viewer_id": actor.member_id or 0,
        "viewer_clearance": actor.clearance,
        "viewer_sees_hidden": actor.can("post:see-hidden"),
    }
