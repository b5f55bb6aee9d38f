"""The one clock. Code asks `now()`; tests and the demo set it with `at()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("loggia_clock", default=None)


def now() -> datetime:
    """The present time in UTC, in microseconds."""
    return _fixed.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block, and in this thread or task alone, it is `moment`."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
