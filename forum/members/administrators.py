"""There is always an administrator: the rule that whoever takes that role from somebody asks first."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Conflict
from forum.members.tables import Member


def require_another(session: Session, actor: Actor, member: Member) -> None:
    """Go on only if this administrator may stop being one: somebody must be left who can let people in again.

    To be called before any other row is locked: of two administrators who take the role from each other, one is told no.

    Raises:
        Conflict: they are the last one, or do it to themselves.
    """
    if actor.member_id == member.id:
        raise Conflict(N_("You cannot take the administrator’s role from yourself. Another administrator can."))
    active = (Member.role == "administrator", Member.deleted_at.is_(None), Member.deactivated_at.is_(None))
    held = session.scalars(select(Member.id).where(*active).order_by(Member.id).with_for_update()).all()
    if not set(held) - {member.id}:
        raise Conflict(N_("This is the last administrator. Make somebody else one first."))
