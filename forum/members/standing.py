"""The stored copy of a member's standing. Reputation decides it; this is the one door through which it comes in."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session

from forum.events import StandingChanged
from forum.kernel import outbox
from forum.kernel.db import locked
from forum.members import groups
from forum.members.tables import FIRST_PRIVILEGES, Member

_MANY = (
    select(Member)
    .where(Member.id.in_(bindparam("ids", expanding=True)))
    .order_by(Member.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def set_standing(
    session: Session, *, member_id: int, points: int, privileges: Sequence[str], trust_level: int | None = None
) -> bool:
    """Store what a member's standing is now; returns whether anything was different."""
    member = locked(session, Member, member_id)
    if not _set(session, member, points, privileges, member.trust_level if trust_level is None else trust_level):
        return False
    outbox.record(session, StandingChanged(member_id=member.id))
    return True


def set_standings(session: Session, standings: Mapping[int, tuple[int, Sequence[str]]]) -> int:
    """Store points and privileges of many members, by their ids; returns how many were different."""
    members = lock_members(session, standings)
    changed = [member for member in members if _set(session, member, *standings[member.id], member.trust_level)]
    outbox.record_all(session, [StandingChanged(member_id=member.id) for member in changed])
    return len(changed)


def set_privileges(session: Session, steps: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Store anew what everybody may by their points: from so many points on these privileges, the steps rising.

    One statement over all rows, whether or not they differ: of a row that somebody changes meanwhile the database then takes the
    points of afterwards. So whoever locks a member first and then asks what privileges cost writes nothing that is out of date.
    """
    columns = Member.__table__.c
    spelled = [(points, sorted({*FIRST_PRIVILEGES, *privileges})) for points, privileges in reversed(steps)]
    chosen = case(
        *((columns.points >= points, bindparam(None, kept, columns.privileges.type)) for points, kept in spelled),
        else_=bindparam(None, sorted(FIRST_PRIVILEGES), columns.privileges.type),
    )
    session.execute(
        update(Member)
        .where(Member.deleted_at.is_(None))
        .values(privileges=chosen)
        .execution_options(synchronize_session=False)
    )


def lock_members(session: Session, member_ids: Iterable[int]) -> Sequence[Member]:
    """Keep these members' rows ours until the transaction ends, taken in id order so that no two workers wait for each other."""
    return session.scalars(_MANY, {"ids": sorted(set(member_ids))}).all()


def _set(session: Session, member: Member, points: int, privileges: Sequence[str], trust_level: int) -> bool:
    wanted = sorted({*FIRST_PRIVILEGES, *privileges})
    if (member.points, sorted(member.privileges), member.trust_level) == (points, wanted, trust_level):
        return False
    rises_or_falls = member.trust_level != trust_level
    member.points, member.privileges, member.trust_level = points, wanted, trust_level
    if rises_or_falls:
        groups.keep_automatic(session, member)
    return True
