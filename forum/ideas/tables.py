"""What an idea has beyond its thread: the company's status, and every answer that it gave."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, UtcTime

STATUSES = ("new", "under_review", "planned", "in_progress", "shipped", "declined", "duplicate")


class Idea(Base):
    """The status of an idea. Its supporters are the votes up on the thread's first post."""

    __tablename__ = "idea"
    __table_args__ = (Index("ix_idea_status", "status", "thread_id"), {"sqlite_autoincrement": False})

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default="new")
    status_at: Mapped[datetime] = mapped_column(UtcTime)


class IdeaStatusChange(Base):
    """The company's answer to an idea, which stands for good: from, to, the public words, who and when, under which decision."""

    __tablename__ = "idea_status_change"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    before: Mapped[str] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="")
    by_member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    team: Mapped[str] = mapped_column(String(60), default="")
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
