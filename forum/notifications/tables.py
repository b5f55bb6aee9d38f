"""What a member was told. Kinds, ids and values only; `web` finds the words when they are shown."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, Json, UtcTime


class Notification(Base):
    """One piece of news for one member. `cause` makes telling twice impossible."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("member_id", "cause"),
        Index("ix_notification_member", "member_id", "id"),
        Index(
            "ix_notification_unread",
            "member_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(30))
    cause: Mapped[str] = mapped_column(String(80))
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"), default=None)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), default=None)
    by_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
    values: Mapped[dict[str, Any]] = mapped_column(Json, default_factory=dict)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
