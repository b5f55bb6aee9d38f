"""The stored copy of a member's standing. Reputation decides it; this is the one door through which it comes in."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from forum.events import StandingChanged
from forum.kernel import outbox
from forum.kernel.db import locked
from forum.members.tables import FIRST_PRIVILEGES, Member


def set_standing(
    session: Session, *, member_id: int, points: int, privileges: Sequence[str], trust_level: int | None = None
) -> bool:
    """Store what a member's standing is now; returns whether anything was different."""
    member = locked(session, Member, member_id)
    wanted = sorted({*FIRST_PRIVILEGES, *privileges})
    level = member.trust_level if trust_level is None else trust_level
    if (member.points, sorted(member.privileges), member.trust_level) == (points, wanted, level):
        return False
    member.points, member.privileges, member.trust_level = points, wanted, level
    outbox.record(session, StandingChanged(member_id=member_id))
    return True
