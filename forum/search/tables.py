"""What is searched: one row per thread or article, as the database's own full-text index reads it.

The index itself is the database's: on SQLite the FTS5 table `search_index`, kept level by triggers; on PostgreSQL the generated
column `tsv`. Both are made by the migration that makes this table, and no mapped class knows them.
"""

from datetime import date, datetime

from sqlalchemy import Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base, BigId, Json, UtcTime

MADE_BY_HAND = frozenset({"tsv", "ix_search_document_tsv"})
"""Parts of the schema that only one database has, so no mapped class names them."""


class SearchDocument(Base):
    """The words of one thread or article, as everybody of its category's audience may read them.

    `body` has a line for each post, and `posts` their ids in the same order, so that what is shown of it can be checked post by
    post. An article has one line and no ids.
    """

    __tablename__ = "search_document"
    __table_args__ = (UniqueConstraint("kind", "local_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    kind: Mapped[str] = mapped_column(String(12))
    local_id: Mapped[int] = mapped_column(BigId)
    is_resolved: Mapped[bool]
    locale: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(300))
    tags: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    posts: Mapped[list[int]] = mapped_column(Json)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class SearchWord(Base):
    """A word of a title or a tag, folded: what a misspelt one is put right by."""

    __tablename__ = "search_word"
    __table_args__ = ()

    word: Mapped[str] = mapped_column(String(30), primary_key=True)


class Deflection(Base):
    """Somebody said while asking that a thread or an article solved it, once a day each. Of what they typed only its kind is kept.

    `person` tells the same person on the same day, and nobody which one: whoever makes the row gives a keyed digest of both. The
    moment is not kept, since it would lead back to who was signed in then.
    """

    __tablename__ = "deflection"
    __table_args__ = ()

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    is_member: Mapped[bool]
    kind: Mapped[str] = mapped_column(String(12))
