"""Groups that an identity provider fills: who is in them follows what it says at each sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.members import audit
from forum.members.actors import SYSTEM
from forum.members.tables import Group, GroupMember

BY_CLAIM = "claim:"
"""How the source of such a membership begins; the id of the provider follows."""
MOST = 500  # groups that one claim fills; a claim with more is cut


def follow_claim(session: Session, *, member_id: int, provider_id: int, claimed: Sequence[str]) -> None:
    """Have a member be in the groups whose claim is among `claimed`, and no longer in those that this provider alone gave."""
    source = f"{BY_CLAIM}{provider_id}"
    wanted = set(
        session.scalars(
            select(Group.id).where(Group.kind == "claim", Group.claim.in_(list(claimed)[:MOST]), Group.claim != "")
        )
    )
    rows = session.execute(select(GroupMember.group_id, GroupMember.source).where(GroupMember.member_id == member_id))
    held = {row.group_id: row.source for row in rows}
    lost = {group for group, by in held.items() if by == source} - wanted
    gained = wanted - held.keys()
    if lost:
        session.execute(delete(GroupMember).where(GroupMember.member_id == member_id, GroupMember.group_id.in_(lost)))
    session.add_all(
        GroupMember(group_id=group, member_id=member_id, since=now(), source=source) for group in sorted(gained)
    )
    if lost or gained:
        audit.record(
            session, SYSTEM, "member.groups", f"member:{member_id}",
            provider=provider_id, gained=sorted(gained), lost=sorted(lost),
        )  # fmt: skip
