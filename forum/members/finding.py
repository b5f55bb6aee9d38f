"""Finding the member that a verb is about."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.errors import N_, NotFound, Text
from forum.members.keys import handle_key
from forum.members.tables import Member


def member_of(session: Session, handle: str) -> Member:
    """The member with this handle.

    Raises:
        NotFound: nobody has it.
    """
    member = session.scalar(select(Member).where(Member.handle_key == handle_key(handle), Member.deleted_at.is_(None)))
    if member is None:
        raise NotFound(Text(N_("There is nobody called %(handle)s here."), handle=handle))
    return member
