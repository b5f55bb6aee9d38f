"""`loggia worker` as an operator meets it: children that die, a supervisor that dies, a stop, a broker that is not there."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from crm_sync import connections
from crm_sync.tables import Connection, CrmDelivery
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members.actors import SYSTEM
from forum.threads import answers
from tests.forum import making
from tests.installing import SECRET_KEY, copy_of_sqlite
from tests.proof.workers import PATIENCE, Machine, environ_of, is_gone, machine
from tests.servers import free_port
from tests.servers.webhooks import HANG, Answer, Receiver

pytestmark = pytest.mark.timeout(600)


@dataclass
class Place:
    """An installation whose workers are elsewhere."""

    db: Database
    environ: dict[str, str]
    folder: Path
    receiver: Receiver

    def solve(self) -> None:
        with self.db.transaction() as session:
            asker = making.member(session)
            thread = making.thread(session, asker)
            post = making.reply(session, thread)
            answers.accept(session, asker, post_id=post.id)

    def states(self) -> list[str]:
        """Of what went to the webhook."""
        with self.db.reading() as connection:
            found = select(CrmDelivery.state).join(Connection).where(Connection.name == "hook")
            return list(connection.scalars(found.order_by(CrmDelivery.id)))


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path, redis_url: str, receiver: Receiver) -> Iterator[Place]:
    url = copy_of_sqlite(sqlite_template, tmp_path)
    allowed = receiver.url.removeprefix("http://")
    db = Database(url)
    with db.transaction() as session:
        given = {"url": receiver.url}
        connections.connect(session, SYSTEM, name="hook", connector="webhook", config=given, secret_key=SECRET_KEY)
    yield Place(db, environ_of(url, redis_url, tmp_path, egress_allow=allowed), tmp_path, receiver)
    db.dispose()


def until(reached: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def listening(running: Machine, count: int) -> None:
    until(lambda: running.log.count('"listening"') >= count, f"{count} workers that listen")


def test_a_child_that_dies_is_started_again(place: Place) -> None:
    with machine(place.folder, place.environ, "--processes", "2") as running:
        listening(running, 2)
        first = running.children()
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        listening(running, 4)
        assert len(running.children()) == 2
        assert not set(running.children()) & set(first)
        place.solve()
        place.receiver.wait_for(1, PATIENCE)
        assert running.stop() == 0
    assert running.log.count("a worker died and is started again") == 2
    assert "Traceback" not in running.log


def test_a_supervisor_that_dies_leaves_no_workers_behind(place: Place) -> None:
    with machine(place.folder, place.environ, "--processes", "2") as running:
        listening(running, 2)
        orphans = running.lose_supervisor()
        assert len(orphans) == 2
        until(lambda: all(is_gone(pid) for pid in orphans), "the orphans' end")
        listening(running, 4)
        place.solve()
        place.receiver.wait_for(1, PATIENCE)


def test_a_stop_finishes_the_piece_in_hand(place: Place) -> None:
    place.receiver.answer = HANG
    with machine(place.folder, place.environ, "--processes", "1") as running:
        listening(running, 1)
        place.solve()
        place.receiver.wait_for(1, PATIENCE)
        running.supervisor.send_signal(signal.SIGTERM)
        until(lambda: '"stopping"' in running.log, "the stop")
        assert place.states() == ["running"]
        assert running.supervisor.poll() is None  # it waits for the answer
        place.receiver.release()
        assert running.supervisor.wait(PATIENCE) == 0
    assert place.states() == ["unsure"]  # settled, with what the closed line says, and not left to its lease
    assert "Traceback" not in running.log


def test_what_a_stopped_machine_left_the_next_one_does(place: Place) -> None:
    place.solve()
    place.receiver.answer = Answer(503)
    with machine(place.folder, place.environ, "--processes", "1") as running:
        place.receiver.wait_for(1, PATIENCE)
        assert running.stop() == 0
    assert place.states() == ["waiting"]
    place.receiver.answer = Answer()
    with machine(place.folder, place.environ, "--processes", "1"):
        until(lambda: place.states() == ["done"], "the second try")
    first, *again = place.receiver.received
    assert {request.headers["webhook-id"] for request in again} == {first.headers["webhook-id"]}
    assert {request.body for request in again} == {first.body}


def test_a_broker_that_is_not_there_is_one_line_and_no_end(place: Place) -> None:
    environ = place.environ | {"LOGGIA_BROKER_URL": f"redis://127.0.0.1:{free_port()}"}
    with machine(place.folder, environ, "--processes", "1") as running:
        place.solve()
        place.receiver.wait_for(1, PATIENCE)
        assert running.stop() == 0
    assert running.log.count("the broker does not answer; work is found by the tick") == 1
    assert "Traceback" not in running.log


@pytest.mark.long
def test_how_soon_an_effect_follows_its_fact(
    place: Place, amount: Callable[[int, int], int], record_testsuite_property: Callable[[str, object], None]
) -> None:
    """Measured and noted (`--junitxml`), not judged: a machine's speed is no promise of ours."""
    seconds = []
    with machine(place.folder, place.environ, "--processes", "2") as running:
        listening(running, 2)
        for number in range(1, amount(5, 50) + 1):
            begun = now()
            place.solve()
            place.receiver.wait_for(number, PATIENCE)
            seconds.append((now() - begun).total_seconds())
    seconds.sort()
    record_testsuite_property(
        "from a request to its webhook: median, slowest", [seconds[len(seconds) // 2], seconds[-1]]
    )
    assert len(place.receiver.received) == len(seconds)
