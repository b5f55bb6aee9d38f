"""The queue of record: facts reach every subscriber once, whoever else is at work and whatever goes wrong."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.kernel import jobs, outbox
from forum.kernel.db import Database, database_now
from forum.kernel.outbox import OutboxDelivery, OutboxEvent, Relay
from tests.kernel.plans import plans_of


@dataclass(frozen=True, kw_only=True)
class Rang:
    """A fact of these tests. Its effect is a row of the schedule: a table that has no other use here."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Echoed:
    """What a reaction to `Rang` records."""

    number: int


def note(session: Session, name: str) -> None:
    row = session.get(jobs.Schedule, name, with_for_update=True)
    if row is None:
        session.add(jobs.Schedule(name=name, every_seconds=1, next_at=database_now(session)))
    else:
        row.every_seconds += 1


def noting(subscriber: str) -> Callable[[Session, Rang], None]:
    return lambda session, event: note(session, f"{subscriber} {event.number}")


@pytest.fixture
def db(fresh_database: Database) -> Database:
    return fresh_database


def ring(db: Database, *numbers: int) -> None:
    with db.transaction() as session:
        for number in numbers:
            outbox.record(session, Rang(number=number))


def effects(db: Database) -> dict[str, int]:
    """How often each effect took place."""
    with db.reading() as connection:
        rows = connection.execute(select(jobs.Schedule.name, jobs.Schedule.every_seconds))
        return {row.name: row.every_seconds for row in rows}


def deliveries(db: Database) -> list[Any]:
    with db.reading() as connection:
        return list(connection.execute(select(OutboxDelivery.__table__).order_by(OutboxDelivery.id)))


def drain(relay: Relay) -> None:
    while relay.run_once():
        pass


def time_passes(db: Database, by: timedelta) -> None:
    """Everything that waits has waited that much longer, and every lease is that much older."""
    with db.transaction() as session:
        for row in session.scalars(select(OutboxDelivery).where(OutboxDelivery.state != "done")):
            row.not_before -= by
            if row.lease_until is not None:
                row.lease_until -= by


def test_each_subscriber_is_told_once_and_only_of_what_it_asked_for(db: Database) -> None:
    relay = Relay(db, {"one": {Rang: noting("one")}, "two": {Rang: noting("two")}, "deaf": {Echoed: noting("deaf")}})
    ring(db, 1, 2)
    drain(relay)
    drain(relay)
    assert effects(db) == {"one 1": 1, "two 1": 1, "one 2": 1, "two 2": 1}
    assert {row.state for row in deliveries(db)} == {"done"}
    assert {row.attempt for row in deliveries(db)} == {1}


def test_what_is_undone_was_never_recorded(db: Database) -> None:
    relay = Relay(db, {"one": {Rang: noting("one")}})
    with db.transaction() as session:
        outbox.record(session, Rang(number=1))
        session.rollback()
    drain(relay)
    assert effects(db) == {}


def test_a_fact_nobody_asked_for_is_not_looked_at_again(db: Database) -> None:
    relay = Relay(db, {"deaf": {Echoed: noting("deaf")}})
    ring(db, 1)
    assert relay.run_once() == 1
    assert relay.run_once() == 0
    assert deliveries(db) == []


def test_a_fact_of_a_kind_that_this_version_does_not_know_is_kept_and_harms_nobody(db: Database) -> None:
    relay = Relay(db, {"one": {Rang: noting("one")}})
    with db.transaction() as session:
        session.add(OutboxEvent(kind="Unheard", payload={"of": 1}, created_at=database_now(session)))
    ring(db, 1)
    drain(relay)
    assert effects(db) == {"one 1": 1}
    with db.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(OutboxEvent)) == 2


def test_what_a_reaction_records_is_delivered_too(db: Database) -> None:
    def echo(session: Session, event: Rang) -> None:
        outbox.record(session, Echoed(number=event.number))

    relay = Relay(db, {"one": {Rang: echo}, "two": {Echoed: noting("two")}})
    ring(db, 1)
    drain(relay)
    assert effects(db) == {"two 1": 1}


def test_two_relays_at_once_share_the_work_and_double_nothing(db: Database) -> None:
    numbers = range(1, 61)
    relays = [Relay(db, {"one": {Rang: noting("one")}, "two": {Rang: noting("two")}}) for _ in range(3)]
    start = threading.Barrier(4)
    faults: list[BaseException] = []

    def work(relay: Relay) -> None:
        try:
            start.wait()
            until = time.monotonic() + 60
            while len(effects(db)) < 2 * len(numbers) and time.monotonic() < until:
                relay.run_once()
        except BaseException as fault:  # noqa: BLE001 (raised again below, in the test's own thread)
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(relay,)) for relay in relays]
    for thread in threads:
        thread.start()
    start.wait()
    for number in numbers:
        ring(db, number)
    for thread in threads:
        thread.join()
    assert faults == []
    drain(relays[0])
    assert Counter(effects(db).values()) == {1: 2 * len(numbers)}
    assert {(row.state, row.attempt) for row in deliveries(db)} == {("done", 1)}


def test_one_reaction_that_fails_holds_up_no_other(db: Database) -> None:
    def fail(session: Session, event: Rang) -> None:
        note(session, "half done")
        raise ValueError(f"cannot do {event.number}")

    relay = Relay(db, {"bad": {Rang: fail}, "good": {Rang: noting("good")}})
    ring(db, 1, 2)
    drain(relay)
    assert effects(db) == {"good 1": 1, "good 2": 1}
    bad = [row for row in deliveries(db) if row.subscriber == "bad"]
    assert [(row.state, row.attempt, row.reason) for row in bad] == [
        ("waiting", 1, "ValueError: cannot do 1"),
        ("waiting", 1, "ValueError: cannot do 2"),
    ]


def test_a_reaction_that_fails_is_tried_again_ever_later_and_put_aside_after_twelve_times(db: Database) -> None:
    tried: list[int] = []

    def fail(_session: Session, event: Rang) -> None:
        tried.append(event.number)
        raise ValueError("no")

    relay = Relay(db, {"bad": {Rang: fail}})
    ring(db, 1)
    waits = []
    for attempt in range(1, jobs.MOST_ATTEMPTS + 1):
        drain(relay)
        assert len(tried) == attempt
        (row,) = deliveries(db)
        with db.transaction() as session:
            waits.append((row.not_before - database_now(session)).total_seconds())
        time_passes(db, timedelta(hours=2))
    (row,) = deliveries(db)
    assert (row.state, row.attempt, row.reason) == ("parked", 12, "ValueError: no")
    assert row.settled_at is not None
    assert all(later > earlier for earlier, later in pairwise(waits[:9]))
    assert max(waits[:11]) <= 1.2 * 3600
    drain(relay)
    assert len(tried) == 12


def test_a_parked_delivery_is_tried_from_the_start_when_a_person_says_so(db: Database) -> None:
    is_broken = True

    def react(session: Session, event: Rang) -> None:
        if is_broken:
            raise ValueError("no")
        note(session, f"done {event.number}")

    relay = Relay(db, {"one": {Rang: react}})
    ring(db, 1)
    drain(relay)
    with db.transaction() as session:
        jobs.park(session, session.scalars(select(OutboxDelivery)).one(), reason="enough")
    is_broken = False
    drain(relay)
    assert effects(db) == {}
    with db.transaction() as session:
        jobs.replay(session, session.scalars(select(OutboxDelivery)).one())
    drain(relay)
    assert effects(db) == {"done 1": 1}


def test_a_worker_that_dies_in_a_reaction_leaves_no_half_effect_and_another_does_it(db: Database) -> None:
    class Killed(BaseException):
        """Nothing of ours may catch it."""

    def die(session: Session, event: Rang) -> None:
        note(session, f"one {event.number}")
        session.flush()
        raise Killed

    ring(db, 1, 2)
    with pytest.raises(Killed):
        Relay(db, {"one": {Rang: die}}).run_once()
    assert {row.state for row in deliveries(db)} == {"running"}
    survivor = Relay(db, {"one": {Rang: noting("one")}})
    drain(survivor)
    assert effects(db) == {}
    time_passes(db, timedelta(seconds=6))
    drain(survivor)
    assert effects(db) == {"one 1": 1, "one 2": 1}
    assert {(row.state, row.attempt) for row in deliveries(db)} == {("done", 2)}


def test_a_fact_that_kills_every_worker_is_put_aside_and_the_others_go_on(db: Database) -> None:
    class Killed(BaseException):
        """As above."""

    def die(_session: Session, event: Rang) -> None:
        if event.number == 1:
            raise Killed
        note(_session, f"one {event.number}")

    ring(db, 1, 2)
    relay = Relay(db, {"one": {Rang: die}})
    for _ in range(jobs.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            drain(relay)
        time_passes(db, timedelta(seconds=6))
    drain(relay)
    poison, other = deliveries(db)
    assert (poison.state, poison.attempt, poison.reason) == ("parked", 12, jobs.WORKER_LOST)
    assert (other.state, effects(db)) == ("done", {"one 2": 1})


def test_a_worker_that_comes_too_late_does_nothing(db: Database) -> None:
    """Its lease ran out while it slept; somebody else did the work."""
    ring(db, 1)
    quick = Relay(db, {"one": {Rang: noting("one")}})

    def overtaken(session: Session, event: Rang) -> None:
        raise AssertionError("this reaction must not run")

    slow = Relay(db, {"one": {Rang: overtaken}})
    quick._fan_out()
    with db.transaction() as session:
        (claimed,) = jobs.claim(session, OutboxDelivery, limit=1, lease=outbox.LEASE)
        facts = outbox._facts(session, [claimed])
    time_passes(db, timedelta(seconds=6))
    drain(quick)
    slow._deliver_one(claimed, facts[claimed.key])
    assert effects(db) == {"one 1": 1}
    assert [(row.state, row.attempt) for row in deliveries(db)] == [("done", 2)]


def test_a_worker_with_much_in_hand_keeps_its_leases(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reaction takes a second by the relay's clock: sixteen of them are longer than one lease."""
    seconds = iter(range(1000))
    monkeypatch.setattr(outbox, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(seconds))}))
    seen: list[Any] = []

    def look(session: Session, event: Rang) -> None:
        seen.append(session.scalars(select(OutboxDelivery.lease_until).where(OutboxDelivery.state == "running")).all())

    ring(db, *range(16))
    Relay(db, {"one": {Rang: look}}).run_once()
    first, last = seen[0][-1], seen[-2][-1]
    assert last > first


def test_old_facts_are_forgotten_but_none_that_waits_for_somebody(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session, event: Rang) -> None:
        if event.number in (2, 5):
            raise ValueError("no")

    monkeypatch.setattr(outbox, "_PRUNED_AT_ONCE", 2)
    ring(db, *range(1, 8))
    drain(Relay(db, {"one": {Rang: fail}}))
    ring(db, 8)
    assert outbox.prune(db) == 0
    with db.transaction() as session:
        long_ago = database_now(session) - timedelta(days=31)
        for fact in session.scalars(select(OutboxEvent).where(OutboxEvent.id < 7)):
            fact.created_at = fact.fanned_out_at = long_ago
    assert outbox.prune(db) == 4
    with db.reading() as connection:
        left = connection.scalars(select(OutboxEvent.payload).order_by(OutboxEvent.id)).all()
        assert connection.scalar(select(func.count()).select_from(OutboxDelivery)) == 3
    assert [fact["number"] for fact in left] == [2, 5, 7, 8]


def test_finding_what_is_due_costs_the_same_however_much_was_done(db: Database) -> None:
    """No clock here: the database is asked how it would look, with a hundred thousand facts delivered."""
    with db.transaction() as session:
        session.connection().exec_driver_sql(MANY_EVENTS[session.get_bind().dialect.name])
        session.connection().exec_driver_sql(MANY_DELIVERIES)
    ring(db, 1, 2, 3)
    Relay(db, {"one": {Rang: noting("one")}})._fan_out()
    ring(db, 4)
    with db.transaction() as session:
        session.execute(text("ANALYZE"))
    relay = Relay(db, {"one": {Rang: noting("one")}})

    def work() -> None:
        relay.run_once()

    plans = plans_of(db, work)
    assert {row.state for row in deliveries(db)} == {"done"}
    for table, index in (("outbox_event", "ix_outbox_event_waiting"), ("outbox_delivery", "ix_outbox_delivery_due")):
        assert any(plan.statement.startswith(f"SELECT {table}.id") and index in plan.steps for plan in plans)
        assert [plan for plan in plans if plan.scans_whole(table)] == []


MANY_EVENTS = {
    "sqlite": (
        "INSERT INTO outbox_event (kind, payload, created_at, fanned_out_at) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
        "SELECT 'Rang', '{\"number\":0}', i, i FROM n"
    ),
    "postgresql": (
        "INSERT INTO outbox_event (kind, payload, created_at, fanned_out_at) "
        "SELECT 'Rang', '{\"number\":0}', i, i FROM generate_series(1, 100000) AS i"
    ),
}
MANY_DELIVERIES = (
    "INSERT INTO outbox_delivery (event_id, subscriber, state, attempt, not_before, settled_at) "
    "SELECT id, 'one', 'done', 1, id, id FROM outbox_event"
)
