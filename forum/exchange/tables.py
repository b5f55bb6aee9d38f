"""Where imported things came from, so that an import can be repeated, or go on where it was killed."""

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base


class ImportSource(Base):
    """One imported thing: which site's, what kind, its id there, and its id here."""

    __tablename__ = "import_source"
    __table_args__ = (Index("ix_import_source_local", "kind", "local_id"), {"sqlite_autoincrement": False})

    site: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    source_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    local_id: Mapped[int] = mapped_column(BigInteger)
