"""The worker in one process: it is woken by the bell, finds its work without one, and stops between two pieces of work."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, select

from crm_sync.tables import CrmDelivery
from forum.events import AnswerAccepted
from forum.kernel import outbox
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxDelivery, OutboxEvent
from forum.kernel.settings import Settings
from tests.crm_sync.office import Office
from tests.installing import settings_for
from tests.servers import free_port
from tests.servers import redis as redis_server
from tests.servers.webhooks import HANG, Receiver
from web import worker

NEVER = 3600.0


@pytest.fixture
def db(fresh_database: Database) -> Database:
    return fresh_database


@pytest.fixture
def settings(db: Database, tmp_path: Path) -> Settings:
    return with_broker(db, tmp_path)


def with_broker(db: Database, folder: Path, url: str = "") -> Settings:
    given = {"broker_url": url} if url else {}
    return settings_for(db.url.render_as_string(hide_password=False), folder, **given)


@pytest.fixture
def without_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the bell wakes anybody."""
    monkeypatch.setattr(worker, "TICK", NEVER)


@contextmanager
def running(settings: Settings, db: Database) -> Iterator[worker.Listening]:
    listening = worker.start(settings, db)
    try:
        yield listening
    finally:
        listening.stop()
        db.bell = None


def until(reached: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def solve(db: Database, office: Office) -> None:
    asked = office.asked()
    with db.transaction() as session:
        outbox.record(session, AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))


def record(db: Database) -> None:
    """A fact whose reactions do nothing here: there is no such thread."""
    with db.transaction() as session:
        outbox.record(session, AnswerAccepted(thread_id=404, acceptance_id=404))


def is_fanned_out(db: Database) -> bool:
    with db.reading() as connection:
        left = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.fanned_out_at.is_(None))
        return connection.scalar(left) == 0


def our_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("loggia-")]


# The bell


def test_the_bell_never_waits_and_never_fails() -> None:
    held, begun = threading.Event(), threading.Event()

    def ring() -> None:
        begun.set()
        held.wait()
        raise ConnectionError("the broker is away")

    bell = worker.Bell(ring, rest=0)
    for _ in range(100):
        bell()
    begun.wait()
    assert not held.is_set()  # we came here while it still hangs
    held.set()
    bell()
    bell.stop()


def test_rings_while_one_is_under_way_become_one() -> None:
    held, begun, rung = threading.Event(), threading.Event(), []

    def ring() -> None:
        rung.append(1)
        begun.set()
        held.wait()

    bell = worker.Bell(ring)
    bell()
    begun.wait()
    for _ in range(100):
        bell()
    held.set()
    until(lambda: len(rung) == 2, "the second ring")
    bell.stop()
    assert len(rung) == 2


def test_after_a_failure_it_rests() -> None:
    tried = []

    def ring() -> None:
        tried.append(1)
        raise ConnectionError

    bell = worker.Bell(ring, rest=NEVER)
    bell()
    until(lambda: tried, "the first ring")
    bell()
    bell.stop()
    assert len(tried) == 1


def test_a_broker_that_is_frozen_holds_up_no_commit(db: Database, tmp_path: Path) -> None:
    with redis_server.running() as url:
        with redis.Redis.from_url(url) as client:
            pid = client.info("server")["process_id"]
        bell = worker.ring_only(with_broker(db, tmp_path, url), db)
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(3):
                record(db)
            with db.reading() as connection:  # committed, all of them, and the broker is still frozen
                assert connection.scalar(select(func.count()).select_from(OutboxEvent)) == 3
        finally:
            os.kill(pid, signal.SIGCONT)
            bell.stop()
            db.bell = None


def test_a_broker_that_is_not_there_holds_up_no_commit(db: Database, tmp_path: Path) -> None:
    bell = worker.ring_only(with_broker(db, tmp_path, f"redis://127.0.0.1:{free_port()}"), db)
    for _ in range(3):
        record(db)
    with db.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(OutboxEvent)) == 3
    bell.stop()
    db.bell = None


def test_a_broker_says_why_it_is_silent(db: Database, tmp_path: Path) -> None:
    with redis_server.running() as url:
        assert worker.why_silent(with_broker(db, tmp_path, url)) is None
    assert "refused" in str(worker.why_silent(with_broker(db, tmp_path, f"redis://127.0.0.1:{free_port()}"))).lower()


# The worker


@pytest.mark.usefixtures("without_tick")
def test_the_bell_wakes_the_worker_in_this_process(db: Database, settings: Settings) -> None:
    with running(settings, db):
        record(db)
        until(lambda: is_fanned_out(db), "the bell")


@pytest.mark.usefixtures("without_tick")
def test_the_bell_wakes_a_worker_elsewhere_through_the_broker(db: Database, tmp_path: Path) -> None:
    with redis_server.running() as url:
        settings = with_broker(db, tmp_path, url)
        other = Database(settings.database_url)
        with running(settings, other):
            bell = worker.ring_only(settings, db)
            record(db)
            until(lambda: is_fanned_out(db), "the bell")
            bell.stop()
            db.bell = None
        other.dispose()


def test_what_no_bell_told_of_is_found_by_the_tick(db: Database, settings: Settings) -> None:
    with running(settings, db):
        db.bell = None
        record(db)
        until(lambda: is_fanned_out(db), "the tick")


def test_a_broker_that_is_away_keeps_nobody_from_working(db: Database, tmp_path: Path) -> None:
    settings = with_broker(db, tmp_path, f"redis://127.0.0.1:{free_port()}")
    with running(settings, db):
        record(db)
        until(lambda: is_fanned_out(db), "the tick")


def test_a_broker_that_forgets_everything_is_rung_again(db: Database, tmp_path: Path) -> None:
    with (
        redis_server.running() as url,
        redis.Redis.from_url(url) as client,
        running(with_broker(db, tmp_path, url), db),
    ):
        for _ in range(3):
            client.flushall()
            record(db)
            until(lambda: is_fanned_out(db), "the fact after the broker was emptied")


def test_it_starts_and_stops_and_leaves_no_thread_behind(db: Database, settings: Settings) -> None:
    before = our_threads()
    for _ in range(2):
        with running(settings, db):
            assert {"loggia-own", "loggia-outward", "loggia-regular", "loggia-bell"} <= set(our_threads())
        assert our_threads() == before


def test_many_hands_only_where_many_can_write(db: Database, settings: Settings) -> None:
    listening = worker.start(settings, db, hands=3)
    try:
        assert our_threads().count("loggia-own") == (1 if db.is_sqlite else 3)
    finally:
        listening.stop()
        db.bell = None


def test_a_database_that_is_away_for_a_moment_ends_no_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TICK", 0.01)
    answers: list[object] = [ConnectionError("away"), ConnectionError("away"), 1, 0]
    seen = threading.Event()

    def run() -> int:
        answer = answers.pop(0) if answers else 0
        if isinstance(answer, Exception):
            raise answer
        if not answers:
            seen.set()
        return int(str(answer))

    stopping = threading.Event()
    lane = worker._Lane("loggia-lane", run, stopping)
    lane.start()
    assert seen.wait(60)
    stopping.set()
    lane.wake()
    lane.join()
    assert our_threads() == []


def test_stopping_finishes_the_piece_in_hand_and_takes_no_other(
    db: Database, settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    office = Office(db, settings, receiver.url)
    office.connect("webhook", url=receiver.url)
    receiver.answer = HANG
    settings = office.settings
    with running(settings, db) as listening:
        for _ in range(2):
            solve(db, office)
        receiver.wait_for(1)
        until(lambda: all_reactions_are_done(db), "the reactions")
        stopper = threading.Thread(target=listening.stop)
        stopper.start()
        until(listening._worker._stopping.is_set, "the stop")
        receiver.answer = receiver.answer.__class__()
        receiver.release()
        stopper.join()
    with db.reading() as connection:
        states = connection.scalars(select(CrmDelivery.state).order_by(CrmDelivery.id)).all()
    assert states in (["unsure", "waiting"], ["waiting", "unsure"])  # the first one was answered by a closed line
    assert len(receiver.received) == 1


def all_reactions_are_done(db: Database) -> bool:
    with db.reading() as connection:
        found = connection.scalars(select(OutboxDelivery.state).where(OutboxDelivery.subscriber == "crm")).all()
    return list(found) == ["done", "done"]
