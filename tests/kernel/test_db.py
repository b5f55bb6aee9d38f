"""The database as code sees it: transactions, locks, the bell, and two kinds of column, the same on both databases."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import exc, select, text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Session

from forum.kernel import jobs, outbox
from forum.kernel.db import (
    Database,
    Json,
    UtcTime,
    database_moment,
    database_now,
    insert_new,
    locked,
    to_micros,
)
from forum.kernel.errors import NotFound
from forum.kernel.outbox import OutboxEvent
from tests.kernel.test_outbox import Rang

SQLITE = pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("fresh_database", ["postgresql"], indirect=True)
MOMENT = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def db(fresh_database: Database) -> Database:
    return fresh_database


def fact(db: Database, payload: Any = None) -> int:
    with db.transaction() as session:
        row = OutboxEvent(kind="Rang", payload=payload or {}, created_at=MOMENT)
        session.add(row)
        session.flush()
        return row.id


def payload(db: Database, key: int) -> Any:
    with db.reading() as connection:
        return connection.scalar(select(OutboxEvent.payload).where(OutboxEvent.id == key))


def test_a_transaction_is_whole_or_nothing(db: Database) -> None:
    key = fact(db, {"n": 1})

    def change_and_fail() -> None:
        with db.transaction() as session:
            session.get_one(OutboxEvent, key).payload = {"n": 2}
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        change_and_fail()
    assert payload(db, key) == {"n": 1}


def test_what_is_read_afterwards_needs_no_second_select(db: Database) -> None:
    with db.transaction() as session:
        row = OutboxEvent(kind="Rang", payload={}, created_at=MOMENT)
        session.add(row)
    assert (row.kind, row.created_at) == ("Rang", MOMENT)


def test_a_reader_sees_what_is_committed_and_cannot_write_on_sqlite(db: Database) -> None:
    key = fact(db, {"n": 1})
    with db.reading() as connection:
        found = select(OutboxEvent.payload).where(OutboxEvent.id == key)
        assert connection.scalar(found) == {"n": 1}
        with db.transaction() as session:
            session.get_one(OutboxEvent, key).payload = {"n": 2}
            session.flush()
            assert connection.scalar(found) == {"n": 1}
        assert connection.scalar(found) == {"n": 2}
        if db.is_sqlite:
            with pytest.raises(exc.OperationalError, match="readonly"):
                connection.execute(text("DELETE FROM outbox_event"))


@SQLITE
def test_the_embedded_database_keeps_what_it_acknowledged(db: Database) -> None:
    with db.transaction() as session:
        said = {
            name: session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    "value", [datetime(1, 1, 1, tzinfo=UTC), MOMENT, datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]
)
def test_a_moment_comes_back_to_the_microsecond(db: Database, value: datetime) -> None:
    with db.transaction() as session:
        row = OutboxEvent(kind="Rang", payload={}, created_at=value)
        session.add(row)
    with db.reading() as connection:
        assert connection.scalar(select(OutboxEvent.created_at)) == value


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_and_moments_are_one_to_one(moment: datetime) -> None:
    assert UtcTime().result_processor(DefaultDialect(), None)(to_micros(moment)) == moment


@pytest.mark.parametrize("value", [{"a": [1, None, "à", {"b": 2.5}]}, {}, {"quote": "\"'\\"}])
def test_json_comes_back_and_is_the_same_text_on_both(db: Database, value: Any) -> None:
    key = fact(db, value)
    assert payload(db, key) == (value or {})
    with db.reading() as connection:
        stored = connection.scalar(text("SELECT payload FROM outbox_event"))
    assert stored == Json().process_bind_param(value, db.engine.dialect)


def test_the_databases_clock_goes_on_within_a_transaction(db: Database) -> None:
    with db.transaction() as session:
        first = database_now(session)
        time.sleep(0.02)
        second = database_now(session)
        within = session.scalar(select(database_moment(session)))
    assert second > first
    assert isinstance(within, datetime)
    assert within >= second
    assert abs(second - datetime.now(UTC)) < timedelta(minutes=5)


def test_locking_wants_a_row_that_is_there(db: Database) -> None:
    with db.transaction() as session, pytest.raises(NotFound):
        locked(session, OutboxEvent, 404)


@POSTGRESQL
def test_locked_sees_what_changed_between_reading_and_locking(db: Database) -> None:
    """The trap: the session has the row already, and without being told so it would hand back what it read before."""
    key = fact(db, {"n": 1})
    with db.transaction() as session:
        row = session.get_one(OutboxEvent, key)
        assert row.payload == {"n": 1}
        with db.transaction() as other:
            other.get_one(OutboxEvent, key).payload = {"n": 2}
        assert locked(session, OutboxEvent, key) is row
        assert row.payload == {"n": 2}


def test_a_lock_waits_for_the_one_before_it_and_then_sees_its_work(db: Database) -> None:
    key = fact(db, {"n": 0})

    def count() -> None:
        for _ in range(20):
            with db.transaction() as session:
                row = locked(session, OutboxEvent, key)
                row.payload = {"n": row.payload["n"] + 1}

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert payload(db, key) == {"n": 80}


@POSTGRESQL
def test_rows_that_refer_to_a_locked_one_can_still_be_added(db: Database) -> None:
    """The lock is a no-key one, so that replies arrive while a thread is being judged."""
    key = fact(db)
    with db.transaction() as session:
        locked(session, OutboxEvent, key)
        with db.transaction() as other:
            moment = database_now(other)
            other.add(outbox.OutboxDelivery(event_id=key, subscriber="one", not_before=moment))


def test_insert_new_passes_over_what_is_there(db: Database) -> None:
    def insert(session: Session, name: str) -> None:
        values = {"name": name, "every_seconds": 1, "next_at": MOMENT}
        session.execute(insert_new(session, jobs.Schedule).values(values))

    with db.transaction() as session:
        insert(session, "a")
        insert(session, "a")
        insert(session, "b")
        assert sorted(session.scalars(select(jobs.Schedule.name))) == ["a", "b"]


def test_the_last_change_is_another_one_after_each_commit(db: Database) -> None:
    with db.reading() as connection:
        seen = [db.last_change(connection)]
        assert db.last_change(connection) == seen[0]
        for number in range(3):
            fact(db, {"n": number})
            seen.append(db.last_change(connection))
    assert len(set(seen)) == 4


def in_threads(count: int, work: Callable[[int], None]) -> None:
    faults: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as fault:  # noqa: BLE001 (raised again below, in the test's own thread)
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


@SQLITE
def test_eight_writers_are_served_in_turn(db: Database) -> None:
    """Fairness without a clock: while all want to write, nobody gets far ahead of anybody."""
    done: Counter[int] = Counter()
    gaps: list[int] = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        for _ in range(25):
            with db.transaction() as session:
                session.add(OutboxEvent(kind="Rang", payload={"n": number}, created_at=MOMENT))
                done[number] += 1
                if len(done) == 8 and max(done.values()) < 25:
                    gaps.append(max(done.values()) - min(done.values()))

    in_threads(8, write)
    assert done == dict.fromkeys(range(8), 25)
    assert gaps
    assert max(gaps) <= 3


def test_a_writer_that_fails_lets_the_next_one_in(db: Database) -> None:
    def fail() -> None:
        with db.transaction():
            raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            fail()
    fact(db)


@SQLITE
def test_a_writing_transaction_never_fails_because_another_process_wrote_in_between(db: Database) -> None:
    """What SQLite calls "database is locked" at once, when a transaction that began by reading turns to writing."""
    key = fact(db, {"n": 1})
    stop = threading.Event()
    file = db.url.database
    assert file is not None

    def other_process() -> None:
        with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection:
            while not stop.is_set():
                connection.execute("UPDATE outbox_event SET kind = 'Rang'")

    thread = threading.Thread(target=other_process)
    thread.start()
    try:
        for number in range(60):
            with db.transaction() as session:
                row = session.get_one(OutboxEvent, key)
                row.payload = {"n": row.payload["n"] + number}
    finally:
        stop.set()
        thread.join()
    assert payload(db, key) == {"n": 1 + sum(range(60))}


@POSTGRESQL
def test_requests_on_postgresql_have_limits(db: Database) -> None:
    with db.transaction() as session:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        assert [session.scalar(text(f"SHOW {name}")) for name in names] == ["5s", "3s", "10s"]


def test_a_pool_that_is_empty_says_so_instead_of_waiting_for_ever(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Database(db.url.render_as_string(hide_password=False), pool_size=1)
    monkeypatch.setattr(small.engine.pool, "_timeout", 0.05)
    try:
        held = [small.engine.connect() for _ in range(5)]
        with pytest.raises(exc.TimeoutError):
            small.engine.connect()
        for connection in held:
            connection.close()
    finally:
        small.dispose()


def test_the_bell_rings_after_a_commit_that_recorded_a_fact_and_only_then(db: Database) -> None:
    rung: list[int] = []

    def look() -> None:
        with db.reading() as connection:
            rung.append(len(connection.execute(select(OutboxEvent.id)).all()))

    db.bell = look
    fact(db)  # written past `record`: no fact for anybody
    assert rung == []
    with db.transaction() as session:
        outbox.record(session, Rang(number=1))
        assert rung == []
    assert rung == [2]


def test_the_bell_is_silent_when_the_transaction_was_undone(db: Database) -> None:
    rung: list[int] = []
    db.bell = lambda: rung.append(1)

    def record_and_fail() -> None:
        with db.transaction() as session:
            outbox.record(session, Rang(number=1))
            raise LookupError

    with pytest.raises(LookupError):
        record_and_fail()
    assert rung == []


def test_nothing_stays_open_after_disposing(db: Database) -> None:
    other = Database(db.url.render_as_string(hide_password=False))
    with other.reading() as connection:
        other.last_change(connection)
    with other.transaction() as session:
        session.execute(text("SELECT 1"))
    other.dispose()
    assert other.engine.pool.status().endswith("Current Checked out connections: 0")
