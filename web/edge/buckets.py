"""Token buckets: what a rule is, and where buckets are kept.

A bucket of `amount` tokens refills evenly within `seconds`. It is kept as one number, the moment at which it would be full
again (the generic cell rate algorithm, ITU-T I.371), so that a store can take a token in one atomic step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

SECOND = 1_000_000
_MOST_BUCKETS = 50_000


@dataclass(frozen=True, slots=True)
class Rule:
    """So many tokens, refilled evenly within so many seconds."""

    name: str
    amount: int
    seconds: int

    @property
    def step(self) -> int:
        """Microseconds in which one token comes back."""
        return self.seconds * SECOND // self.amount

    @property
    def depth(self) -> int:
        """Microseconds in which the whole bucket fills."""
        return self.step * self.amount


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking for a token. Times are in microseconds."""

    allowed: bool
    remaining: int
    retry_after: int
    full_after: int

    @property
    def retry_seconds(self) -> int:
        return max(1, -(-self.retry_after // SECOND))


def taken(rule: Rule, full_at: int, now: int, *, allowed: bool) -> Taken:
    """Describe a bucket that is full again at `full_at`, after a token was taken from it or refused."""
    full_after = max(0, full_at - now)
    remaining = (rule.depth - full_after) // rule.step if allowed else 0
    return Taken(allowed, max(0, remaining), 0 if allowed else full_after + rule.step - rule.depth, full_after)


class Store(Protocol):
    """Where buckets are. `take` may block; it takes one token in one atomic step, or none."""

    blocks: bool

    def take(self, key: str, rule: Rule) -> Taken: ...


class MemoryStore:
    """Buckets of this process alone."""

    blocks = False

    def __init__(self, clock: Callable[[], int] | None = None) -> None:
        self._clock = clock or (lambda: time.monotonic_ns() // 1_000)
        self._full_at: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def take(self, key: str, rule: Rule) -> Taken:
        now = self._clock()
        place = (rule.name, key)
        with self._lock:
            full_at = max(self._full_at.get(place, 0), now) + rule.step
            if full_at - now > rule.depth:
                return taken(rule, full_at - rule.step, now, allowed=False)
            if len(self._full_at) >= _MOST_BUCKETS and place not in self._full_at:
                self._make_room(now)
            self._full_at[place] = full_at
        return taken(rule, full_at, now, allowed=True)

    def _make_room(self, now: int) -> None:
        """Forget full buckets, which are as good as none; if hardly any is full, those that will be first."""
        by_age = sorted(self._full_at.items(), key=lambda item: item[1])
        full = sum(1 for _, full_at in by_age if full_at <= now)
        for place, _ in by_age[: max(full, _MOST_BUCKETS // 10)]:
            del self._full_at[place]
