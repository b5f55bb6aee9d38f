"""Buckets that all processes share: in Redis where it is the broker, else in PostgreSQL. The embedded site has one process.

Both take a token in one step on the server, by the server's clock. When the server does not answer, this process counts by
itself with a fraction of the amount, and asks again after a while: limits become stricter, pages stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from web.edge.buckets import MemoryStore, Rule, Store, Taken, taken

_log = structlog.get_logger("loggia.limits")
_SWEEP_EVERY: Final = 1_000  # takes
_AWAY_SECONDS: Final = 5.0
_ALONE: Final = 4  # the part of an amount that a process allows when it cannot see the others


def shared_store(settings: Settings, db: Database) -> Store:
    """The store that fits the installation."""
    if settings.broker_url and settings.broker_url.startswith(("redis", "unix")):
        return WithFallback(RedisStore(settings.broker_url))
    return MemoryStore() if db.is_sqlite else WithFallback(DatabaseStore(db))


_TAKE = text("""
    WITH moment AS (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS now),
    took AS (
        INSERT INTO rate_bucket AS b (key, full_at) SELECT :key, now + :step FROM moment
        ON CONFLICT (key) DO UPDATE SET full_at = greatest(b.full_at, excluded.full_at - :step) + :step
            WHERE greatest(b.full_at, excluded.full_at - :step) + :step - (excluded.full_at - :step) <= :depth
        RETURNING full_at
    )
    SELECT now, (SELECT full_at FROM took) AS took, (SELECT full_at FROM rate_bucket WHERE key = :key) AS full_at FROM moment
""")
_FULL_AT = text("SELECT full_at FROM rate_bucket WHERE key = :key")
_SWEEP = text("DELETE FROM rate_bucket WHERE full_at < extract(epoch FROM clock_timestamp()) * 1000000")


class DatabaseStore:
    """Buckets in PostgreSQL: one upsert, which takes a token or touches nothing."""

    blocks = True

    def __init__(self, db: Database) -> None:
        self._db = db
        self._takes = 0

    def take(self, key: str, rule: Rule) -> Taken:
        place = f"{rule.name} {key}"[:200]
        with self._db.reading() as connection:  # a statement of its own: what is taken stays taken, whatever follows
            row = connection.execute(_TAKE, {"key": place, "step": rule.step, "depth": rule.depth}).one()
            self._takes += 1
            if self._takes % _SWEEP_EVERY == 0:
                connection.execute(_SWEEP)
            full_at = row.full_at
            if row.took is None and (full_at is None or full_at + rule.step - row.now <= rule.depth):
                # The upsert saw what others had just taken; the rest of its statement is older, and would say "come at once".
                full_at = connection.execute(_FULL_AT, {"key": place}).scalar()
        if row.took is not None:
            return taken(rule, row.took, row.now, allowed=True)
        return taken(rule, full_at or row.now, row.now, allowed=False)


# Whole numbers of microseconds stay exact in Lua's doubles until the year 2255.
_LUA = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local step, depth = tonumber(ARGV[1]), tonumber(ARGV[2])
if full_at + step - now > depth then
    return {0, string.format('%.0f', full_at), string.format('%.0f', now)}
end
full_at = full_at + step
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1000)
return {1, string.format('%.0f', full_at), string.format('%.0f', now)}
"""
_REDIS_SECONDS: Final = 0.25


class RedisStore:
    """Buckets in Redis: one script, which nothing can interrupt."""

    blocks = True

    def __init__(self, url: str) -> None:
        import redis

        self._redis: Any = redis.Redis.from_url(
            url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
        )
        self._script: Callable[..., list[Any]] = self._redis.register_script(_LUA)

    def take(self, key: str, rule: Rule) -> Taken:
        allowed, full_at, now = self._script(keys=[f"loggia:bucket:{rule.name} {key}"], args=[rule.step, rule.depth])
        return taken(rule, int(full_at), int(now), allowed=bool(allowed))

    def close(self) -> None:
        self._redis.close()


class WithFallback:
    """A shared store, or this process's own while the shared one is away."""

    blocks = True

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._own = MemoryStore()
        self._clock = clock
        self._away_until = 0.0
        self._lock = Lock()

    def take(self, key: str, rule: Rule) -> Taken:
        if self._clock() >= self._away_until:
            try:
                return self._store.take(key, rule)
            except (OSError, SQLAlchemyError) as error:
                self._note_away(error)
            except Exception as error:
                if not type(error).__module__.startswith(
                    "redis."
                ):  # named so that redis is imported only where it is used
                    raise
                self._note_away(error)
        return self._own.take(key, replace(rule, amount=max(1, rule.amount // _ALONE)))

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            self._away_until = self._clock() + _AWAY_SECONDS
        _log.warning("limits are counted by this process alone", error=f"{type(error).__name__}: {error}"[:300])
