"""Articles of the knowledge base. A draft is made from an accepted thread; a moderator reviews and publishes it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, UtcTime

STATES = ("draft", "published", "withdrawn")


class Article(Base):
    """What the community resolved, in one text. At most one per thread; `post_id` is the answer that it was made from.

    `reviewed_by_id` is who published or withdrew it; an article that was withdrawn by nobody was set aside with its source.
    """

    __tablename__ = "article"
    __table_args__ = (Index("ix_article_state", "state", "published_at", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"), unique=True, default=None)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), default=None)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    title: Mapped[str] = mapped_column(String(300))
    slug: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    renderer: Mapped[int]
    locale: Mapped[str] = mapped_column(String(8), default="")
    version: Mapped[int] = mapped_column(default=1)
    edited_by_person: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), default=None)
