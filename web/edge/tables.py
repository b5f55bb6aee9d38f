"""The one table of the edge: token buckets that all processes share."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.db import Base


class RateBucket(Base):
    """When a bucket will be full again, in microseconds since 1970 by the database's clock. Losing the rows is no harm."""

    __tablename__ = "rate_bucket"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    full_at: Mapped[int] = mapped_column(BigInteger)
