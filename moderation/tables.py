"""Flags, and the public log of decisions in its final, chained format (docs/design.md, the public log's format)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, UtcTime


class Flag(Base):
    """A member says that a post breaks a rule. Who flagged is for moderators only; the outcome is told to the flagger."""

    __tablename__ = "flag"
    __table_args__ = (
        UniqueConstraint("post_id", "member_id"),
        Index("ix_flag_queue", "outcome", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(String(500), default="")
    weight: Mapped[float] = mapped_column(default=1.0)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    outcome: Mapped[str] = mapped_column(String(12), default="open")  # open, agreed, disagreed
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), default=None)


class DecisionHead(Base):
    """The one row that numbers the log: locked while an entry is added, so that numbers have no gap and the chain no fork."""

    __tablename__ = "decision_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_head"), {"sqlite_autoincrement": False})

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Decision(Base):
    """One entry of the public log: append-only, each holding the hash of the one before. What can be redacted lies in `DecisionText`."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_at", "at", "id"),
        Index("ix_decision_about", "about_number"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    number: Mapped[int] = mapped_column(unique=True)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime] = mapped_column(UtcTime)
    action: Mapped[str] = mapped_column(String(30))
    rule: Mapped[str] = mapped_column(String(30))
    reason_code: Mapped[str] = mapped_column(String(30))
    role: Mapped[str] = mapped_column(String(20))
    automated: Mapped[bool] = mapped_column(default=False)
    target_kind: Mapped[str] = mapped_column(String(20))
    commitment: Mapped[bytes] = mapped_column(LargeBinary(32))
    about_number: Mapped[int | None] = mapped_column(
        default=None
    )  # the entry that this one corrects, undoes or redacts


class DecisionText(Base):
    """The part of an entry that redaction deletes: free text, what it was about, and the salt of the commitment."""

    __tablename__ = "decision_text"

    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str] = mapped_column(Text)
    target_id: Mapped[int] = mapped_column(BigId)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"), default=None)
    by_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
    about_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
