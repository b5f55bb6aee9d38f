"""Claiming, settling, putting off: one owner at a time, by the database's clock; and work that comes round again."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel import clock, jobs
from forum.kernel.db import Database, database_now
from forum.kernel.outbox import OutboxDelivery, OutboxEvent

LEASE = timedelta(seconds=5)


@pytest.fixture
def db(fresh_database: Database) -> Database:
    return fresh_database


def work(session: Session, *, count: int = 1, due_in: timedelta = timedelta(0)) -> list[OutboxDelivery]:
    """Rows to do, in the order in which they are due."""
    moment = database_now(session)
    rows = []
    for number in range(count):
        fact = OutboxEvent(kind="Rang", payload={}, created_at=moment)
        session.add(fact)
        session.flush()
        when = moment + due_in + timedelta(microseconds=number)
        rows.append(OutboxDelivery(event_id=fact.id, subscriber="one", not_before=when))
    session.add_all(rows)
    session.flush()
    return rows


def claim(db: Database, *, limit: int = 10) -> list[jobs.Claim]:
    with db.transaction() as session:
        return jobs.claim(session, OutboxDelivery, limit=limit, lease=LEASE)


def one(db: Database) -> OutboxDelivery:
    with db.transaction() as session:
        return session.scalars(select(OutboxDelivery)).one()


def age_leases(db: Database, by: timedelta) -> None:
    with db.transaction() as session:
        for row in session.scalars(select(OutboxDelivery).where(OutboxDelivery.lease_until.is_not(None))):
            assert row.lease_until is not None
            row.lease_until -= by


def test_the_first_that_are_due_are_taken_and_nobody_takes_them_again(db: Database) -> None:
    with db.transaction() as session:
        keys = [row.id for row in work(session, count=3)]
        work(session, due_in=timedelta(minutes=1))
    assert [claimed.key for claimed in claim(db, limit=2)] == keys[:2]
    assert [claimed.key for claimed in claim(db)] == keys[2:]
    assert claim(db) == []


def test_an_attempt_is_counted_before_the_work(db: Database) -> None:
    with db.transaction() as session:
        work(session)
    (claimed,) = claim(db)
    row = one(db)
    assert (claimed.attempt, row.attempt, row.state, row.lease_token) == (1, 1, "running", claimed.token)


def test_only_narrows_what_is_taken(db: Database) -> None:
    with db.transaction() as session:
        first, second = work(session, count=2)
        wanted = OutboxDelivery.id == second.id
        (claimed,) = jobs.claim(session, OutboxDelivery, limit=5, lease=LEASE, only=wanted)
    assert (claimed.key, first.state) == (second.id, "waiting")


def test_a_lease_ends_by_the_databases_clock_whatever_the_workers_clock_shows(db: Database) -> None:
    with db.transaction() as session:
        work(session)
    (held,) = claim(db)
    with clock.at(datetime(2100, 1, 1, tzinfo=UTC)):
        assert claim(db) == []
    age_leases(db, LEASE + timedelta(seconds=1))
    with clock.at(datetime(2000, 1, 1, tzinfo=UTC)):
        (taken,) = claim(db)
    assert (taken.key, taken.attempt, taken.token != held.token) == (held.key, 2, True)


def test_what_killed_its_worker_is_taken_alone(db: Database) -> None:
    with db.transaction() as session:
        work(session, count=3)
    lost = claim(db, limit=2)
    age_leases(db, LEASE * 2)
    assert [claimed.key for claimed in claim(db)] == [lost[0].key]
    assert [claimed.key for claimed in claim(db)] == [lost[1].key]
    assert len(claim(db)) == 1


def test_only_the_owner_settles_renews_or_finds_its_row(db: Database) -> None:
    with db.transaction() as session:
        work(session)
    (first,) = claim(db)
    age_leases(db, LEASE * 2)
    (second,) = claim(db)
    with db.transaction() as session:
        assert jobs.still_ours(session, OutboxDelivery, first) is None
        assert jobs.still_ours(session, OutboxDelivery, second) is not None
        assert not jobs.done(session, OutboxDelivery, first)
    age_leases(db, LEASE)
    before = one(db).lease_until
    with db.transaction() as session:
        jobs.renew(session, OutboxDelivery, [first], LEASE)
    assert one(db).lease_until == before
    with db.transaction() as session:
        jobs.renew(session, OutboxDelivery, [second], LEASE)
    renewed = one(db).lease_until
    assert renewed is not None
    assert before is not None
    assert renewed > before
    with db.transaction() as session:
        assert jobs.done(session, OutboxDelivery, second)
        assert not jobs.done(session, OutboxDelivery, second)
    row = one(db)
    assert (row.state, row.lease_token, row.lease_until, row.settled_at is not None) == ("done", None, None, True)


def test_done_is_undone_with_its_effect(db: Database) -> None:
    with db.transaction() as session:
        work(session)
    (claimed,) = claim(db)
    with db.transaction() as session:
        assert jobs.done(session, OutboxDelivery, claimed)
        session.rollback()
    assert one(db).state == "running"


def test_settling_putting_off_and_parking_say_so_in_the_row(db: Database) -> None:
    with db.transaction() as session:
        row = work(session)[0]
        jobs.settle(session, row, reason="nothing to do")
        assert (row.state, row.reason) == ("done", "nothing to do")
        jobs.postpone(session, row, reason="not now\x00" + "x" * 600, wait=timedelta(minutes=3))
        assert (row.state, row.reason) == ("waiting", "not now" + "x" * 493)
        assert timedelta(minutes=2, seconds=59) < row.not_before - database_now(session) <= timedelta(minutes=3)
        jobs.park(session, row, reason="enough")
        assert (row.state, row.reason, row.lease_token) == ("parked", "enough", None)
        jobs.replay(session, row)
        assert (row.state, row.attempt, row.reason, row.settled_at) == ("waiting", 0, None, None)
    assert len(claim(db)) == 1


def test_waits_double_up_to_an_hour_with_a_fifth_of_jitter() -> None:
    steady = [timedelta(seconds=min(5 * 2**number, 3600)) for number in range(14)]
    for attempt, middle in enumerate(steady, start=1):
        drawn = {jobs.backoff(attempt) for _ in range(40)}
        assert len(drawn) > 1
        assert all(middle * 0.8 <= wait <= middle * 1.2 for wait in drawn)


def test_many_claim_at_once_and_each_row_has_one_owner(db: Database) -> None:
    with db.transaction() as session:
        work(session, count=60)
    taken: list[int] = []
    start = threading.Barrier(4)

    def take() -> None:
        start.wait()
        while claims := claim(db, limit=3):
            taken.extend(claimed.key for claimed in claims)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.extend(claimed.key for claimed in claim(db, limit=60))  # skipped by all while somebody looked at them
    assert len(taken) == len(set(taken)) == 60


def turn_back(db: Database, by: timedelta) -> None:
    with db.transaction() as session:
        for row in session.scalars(select(jobs.Schedule)):
            row.next_at -= by


def test_recurring_work_runs_at_first_sight_and_then_each_time_it_is_due(db: Database) -> None:
    ran: list[Database] = []
    hourly = jobs.Recurring("hourly", timedelta(hours=1), ran.append)
    assert jobs.run_due(db, [hourly]) == 1
    assert jobs.run_due(db, [hourly]) == 0
    turn_back(db, timedelta(minutes=59))
    assert jobs.run_due(db, [hourly]) == 0
    turn_back(db, timedelta(minutes=2))
    assert jobs.run_due(db, [hourly]) == 1
    assert jobs.run_due(db, [hourly]) == 0
    assert len(ran) == 2


def test_recurring_work_runs_once_over_all_workers(db: Database) -> None:
    ran: list[int] = []
    start = threading.Barrier(6)
    each = [jobs.Recurring(f"work {number}", timedelta(hours=1), lambda _db: ran.append(1)) for number in range(3)]
    faults: list[BaseException] = []

    def tick() -> None:
        try:
            start.wait()
            jobs.run_due(db, each)
        except BaseException as fault:  # noqa: BLE001 (compared below, in the test's own thread)
            faults.append(fault)

    threads = [threading.Thread(target=tick) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(ran) == 3
