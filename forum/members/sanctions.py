"""Suspending and silencing people. Moderation decides; here it takes effect, from the person's next request on.

Whoever is suspended reads what everybody reads; whoever is silenced reads on as before and writes nothing.
"""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.members.tables import Member
from forum.visibility import DecisionId

Kind = Literal["suspended_until", "silenced_until"]


def suspend(session: Session, *, member_id: int, days: int, decision: DecisionId) -> bool:
    """Let somebody read what everybody reads, and no more; returns whether that changed anything, as the others here do."""
    return _hold(session, member_id, "suspended_until", now() + timedelta(days=days), decision)


def silence(session: Session, *, member_id: int, days: int, decision: DecisionId) -> bool:
    """Let somebody read on and write nothing."""
    return _hold(session, member_id, "silenced_until", now() + timedelta(days=days), decision)


def end_suspension(session: Session, *, member_id: int, decision: DecisionId) -> bool:
    """Let somebody in again."""
    return _hold(session, member_id, "suspended_until", None, decision)


def end_silence(session: Session, *, member_id: int, decision: DecisionId) -> bool:
    """Let somebody write again."""
    return _hold(session, member_id, "silenced_until", None, decision)


def _hold(session: Session, member_id: int, kind: Kind, until: datetime | None, _: DecisionId) -> bool:
    """Only who has a decision in hand comes in here. What is over counts as ended."""
    member = locked(session, Member, member_id)
    before: datetime | None = getattr(member, kind)
    in_force = before is not None and before > now()
    if (until is None and not in_force) or (until is not None and in_force and before == until):
        return False
    setattr(member, kind, until)
    outbox.record(session, MemberChanged(member_id=member.id))
    return True
