"""The one table of the API: what was already done under which `Idempotency-Key`."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, delete
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.clock import now
from forum.kernel.db import Base, Database, UtcTime

REMEMBERED: Final = timedelta(days=1)


class IdempotencyKey(Base):
    """A member's key, a digest of what was asked for under it, and the id of what came of it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created", "created_at"), {"sqlite_autoincrement": False})

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    made_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


def prune(db: Database) -> None:
    """Forget keys that nobody will send again. It stands here so that the worker need not load the API."""
    with db.transaction() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - REMEMBERED))
