"""The queue of record. Facts are written with the change they tell of, fanned out to subscribers, and delivered to each once.

`record` in a verb's transaction; `Relay` in the worker. The broker's messages are doorbells only.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

import structlog
from sqlalchemy import ForeignKey, Index, Row, String, UniqueConstraint, delete, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from forum.kernel import jobs
from forum.kernel.clock import now
from forum.kernel.db import Base, BigId, Database, Json, UtcTime, database_now, skip_locked
from forum.kernel.jobs import Leased

LEASE = timedelta(seconds=5)
_BATCH = 100
_PRUNED_AT_ONCE = 1000
_AT_ONCE = 16  # deliveries under one lease: what one worker holds, no other can take while it lives
_log = structlog.get_logger("loggia.outbox")


class Event(Protocol):
    """A past-tense fact with ids: a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Reaction = Callable[[Session, Any], None]
Subscribers = Mapping[str, Mapping[type[Any], Reaction]]


class OutboxEvent(Base):
    """A fact, as it was recorded."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index(
            "ix_outbox_event_waiting",
            "id",
            sqlite_where=text("fanned_out_at IS NULL"),
            postgresql_where=text("fanned_out_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    fanned_out_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class OutboxDelivery(Leased, Base):
    """One fact on its way to one subscriber."""

    __tablename__ = "outbox_delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "subscriber"),
        Index(
            "ix_outbox_delivery_due",
            "not_before",
            "id",
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    event_id: Mapped[int] = mapped_column(ForeignKey("outbox_event.id"))
    subscriber: Mapped[str] = mapped_column(String(40))


_RECORD = insert(OutboxEvent)


def record(session: Session, event: Event) -> None:
    """Write down that something happened, in the transaction in which it happens."""
    record_all(session, [event])


def record_all(session: Session, events: Sequence[Event]) -> None:
    """The same of several facts, in their order."""
    rows = [{"kind": type(event).__name__, "payload": asdict(event), "created_at": now()} for event in events]
    if rows:
        session.connection().execute(_RECORD, rows)
        session.info["outbox"] = True  # tells whoever commits that ringing the bell is worth while


class Relay:
    """Fans facts out to their subscribers and delivers them. Safe to run in as many workers at once as wanted."""

    def __init__(self, db: Database, subscribers: Subscribers) -> None:
        self._db = db
        self._subscribers = subscribers
        self._kinds = {event.__name__: event for reactions in subscribers.values() for event in reactions}

    def run_once(self) -> int:
        """One round of fanning out and delivering; returns how much was done, so that 0 means idle."""
        return self._fan_out() + self._deliver()

    def deliver_within(self, session: Session) -> int:
        """Tell every subscriber what waits, and what comes of that, inside the caller's transaction; returns how many facts.

        For filling an installation in which nobody works yet: no leases and no second try, a reaction's fault undoes it all.
        """
        told = 0
        waiting = select(OutboxEvent).where(OutboxEvent.fanned_out_at.is_(None)).order_by(OutboxEvent.id)
        while found := session.scalars(waiting).all():
            for fact in found:
                for subscriber in self._subscribers:
                    self._tell(session, subscriber, fact)
                fact.fanned_out_at = now()
            told += len(found)
        return told

    def _fan_out(self) -> int:
        with self._db.transaction() as session:
            # never a watermark: on PostgreSQL a lower id may be committed later
            found = session.execute(
                select(OutboxEvent.id, OutboxEvent.kind)
                .where(OutboxEvent.fanned_out_at.is_(None))
                .order_by(OutboxEvent.id)
                .limit(_BATCH)
                .with_for_update(**skip_locked(session))
            ).all()
            if not found:
                return 0
            moment = database_now(session)
            rows = [
                {"event_id": row.id, "subscriber": name, "not_before": moment, "state": "waiting", "attempt": 0}
                for row in found
                for name, reactions in self._subscribers.items()
                if self._kinds.get(row.kind) in reactions
            ]
            if rows:
                session.execute(insert(OutboxDelivery), rows)
            session.execute(
                update(OutboxEvent)
                .where(OutboxEvent.id.in_([row.id for row in found]))
                .values(fanned_out_at=moment)
                .execution_options(synchronize_session=False)
            )
            return len(found)

    def _deliver(self) -> int:
        with self._db.transaction() as session:
            claims = jobs.claim(session, OutboxDelivery, limit=_AT_ONCE, lease=LEASE)
            facts = _facts(session, claims)
        fresh_until = time.monotonic() + LEASE.total_seconds() / 2
        for number, claimed in enumerate(claims):
            if time.monotonic() > fresh_until:
                self._renew(claims[number:])
                fresh_until = time.monotonic() + LEASE.total_seconds() / 2
            self._deliver_one(claimed, facts[claimed.key])
        return len(claims)

    def _deliver_one(self, claimed: jobs.Claim, fact: Row[Any]) -> None:
        """In a transaction of its own, so that a reaction's fault undoes nothing of the others."""
        try:
            with self._db.transaction() as session:
                if jobs.done(session, OutboxDelivery, claimed):
                    self._tell(session, fact.subscriber, fact)
        except Exception as error:  # noqa: BLE001 - a reaction's fault must not stop the deliveries of others
            _log.warning("delivery failed", delivery=claimed.key, attempt=claimed.attempt, exc_info=error)
            self._failed(claimed, error)

    def _tell(self, session: Session, subscriber: str, fact: Row[Any] | OutboxEvent) -> None:
        kind = self._kinds.get(fact.kind)
        reaction = None if kind is None else self._subscribers.get(subscriber, {}).get(kind)
        if kind is not None and reaction is not None:
            reaction(session, kind(**fact.payload))

    def _renew(self, claims: Sequence[jobs.Claim]) -> None:
        with self._db.transaction() as session:
            jobs.renew(session, OutboxDelivery, claims, LEASE)

    def _failed(self, claimed: jobs.Claim, error: Exception) -> None:
        with self._db.transaction() as session:
            row = jobs.still_ours(session, OutboxDelivery, claimed)
            if row is not None:
                jobs.postpone(session, row, reason=f"{type(error).__name__}: {error}")


def _facts(session: Session, claims: Sequence[jobs.Claim]) -> dict[int, Row[Any]]:
    """What the claimed deliveries have to tell, read at once: facts never change."""
    if not claims:
        return {}
    wanted = (
        select(OutboxDelivery.id, OutboxDelivery.subscriber, OutboxEvent.kind, OutboxEvent.payload)
        .join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
        .where(OutboxDelivery.id.in_([claimed.key for claimed in claims]))
    )
    return {row.id: row for row in session.execute(wanted)}


def prune(db: Database, *, older_than: timedelta = timedelta(days=30)) -> int:
    """Forget facts that were delivered to everybody long ago, a thousand at a time; returns how many were forgotten."""
    forgotten, after, looked_at = 0, 0, _PRUNED_AT_ONCE
    while looked_at == _PRUNED_AT_ONCE:
        with db.transaction() as session:
            before = database_now(session) - older_than
            # in the order of their ids, which is nearly that of their age, so that no look goes through what is young
            oldest = select(OutboxEvent.id, OutboxEvent.created_at).where(OutboxEvent.id > after)
            rows = session.execute(oldest.order_by(OutboxEvent.id).limit(_PRUNED_AT_ONCE)).all()
            keys = [row.id for row in rows if row.created_at < before]
            forgotten += _forget(session, keys, before)
        looked_at, after = len(keys), keys[-1] if keys else after
    return forgotten


def _forget(session: Session, keys: Sequence[int], before: datetime) -> int:
    unsettled = select(OutboxDelivery.id).where(
        OutboxDelivery.event_id == OutboxEvent.id, OutboxDelivery.state != "done"
    )
    settled = session.scalars(
        select(OutboxEvent.id).where(OutboxEvent.id.in_(keys), OutboxEvent.fanned_out_at < before, ~unsettled.exists())
    ).all()
    plain = {"synchronize_session": False}
    session.execute(delete(OutboxDelivery).where(OutboxDelivery.event_id.in_(settled)).execution_options(**plain))
    session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(settled)).execution_options(**plain))
    return len(settled)
