"""Receipts of privileged actions on the installation, written in the transaction of the action itself."""

from typing import Any

from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.members.tables import AuditEntry


def record(session: Session, actor: Actor, action: str, subject: str, **detail: Any) -> None:
    """Note that `actor` did `action` to `subject` ("member:7"), as what they may: their role, or "command line" or "system".

    Details must hold no secret.
    """
    session.add(
        AuditEntry(
            at=now(),
            member_id=actor.member_id,
            voice=actor.via or actor.voice,
            action=action,
            subject=subject,
            detail=detail,
        )
    )
