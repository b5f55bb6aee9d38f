"""When a remote says "come back then": reading its word, whatever its clock shows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=24)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long to wait by the Retry-After header (RFC 9110, section 10.2.3), between a second and a day; None if it says nothing.

    A date is taken against the answer's own Date header where there is one: their clock may be wrong by minutes.
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    word = lower.get("retry-after", "")
    if word.isascii() and word.isdigit():
        return _clamped(timedelta(seconds=min(int(word[:9]), 10**6)))
    until = _date(word)
    return None if until is None else _clamped(until - (_date(lower.get("date", "")) or now))


def _clamped(wait: timedelta) -> timedelta:
    return max(SHORTEST, min(wait, LONGEST))


def _date(word: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(word)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
