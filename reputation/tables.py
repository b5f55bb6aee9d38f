"""The ledger: append-only, so that every total can be explained and rebuilt. A wrong entry gets its exact inverse."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, UtcTime


class LedgerEntry(Base):
    """Points that a member gained or lost. `cause` names the vote or acceptance and is never shown; `turn` counts how often it came and went."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("cause", "member_id", "reason", "turn"),
        Index("ix_ledger_member", "member_id", "id"),
        Index("ix_ledger_member_reason", "member_id", "reason", "day"),
        Index("ix_ledger_post", "post_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), default=None)
    reason: Mapped[str] = mapped_column(String(30))
    points: Mapped[int]
    cause: Mapped[str] = mapped_column(String(60))
    turn: Mapped[int]
    day: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(UtcTime)
