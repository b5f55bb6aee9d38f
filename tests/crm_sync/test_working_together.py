"""Several workers at once, workers that are killed, bells that ring three times: nothing lost, nothing doubled."""

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from crm_sync.claiming import claim_next
from forum.events import AnswerAccepted, ThreadEdited
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Thread
from tests.crm_sync import desk, make
from tests.crm_sync.desk import Desk
from tests.crm_sync.make import NOON
from tests.crm_sync.office import Office, ids
from tests.installing import settings_for
from tests.servers.webhooks import Receiver
from tests.shared import ROOT


@pytest.fixture
def settings(fresh_database: Database, tmp_path: Path) -> Settings:
    return settings_for(fresh_database.url.render_as_string(hide_password=False), tmp_path)


@pytest.fixture
def helpdesk() -> Iterator[Desk]:
    with desk.running() as running:
        yield running


@pytest.fixture
def office(fresh_database: Database, settings: Settings, receiver: Receiver, helpdesk: Desk) -> Office:
    """Connected to a webhook and to a desk that refuses no double."""
    office = Office(fresh_database, settings, receiver.url, helpdesk.url)
    office.connect("webhook", name="hook", url=receiver.url)
    office.connect("desk", name="desk", url=helpdesk.url)
    return office


def at_once(*work: Callable[[], Any]) -> None:
    faults: list[BaseException] = []

    def guarded(each: Callable[[], Any]) -> None:
        try:
            each()
        except BaseException as fault:  # noqa: BLE001 (raised again below, in the test's own thread)
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def test_many_bells_for_the_same_work_do_it_once(office: Office, receiver: Receiver, helpdesk: Desk) -> None:
    for _ in range(6):
        asked = office.asked()
        office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    at_once(*[office.round] * 4)
    office.work_off()
    assert {state for state, _ in office.states()} == {"done"}
    assert sorted(Counter(ids(receiver.received)).values()) == [1] * 6
    assert sorted(record["key"] for record in helpdesk.records.values()) == sorted(
        f"loggia-1a2b:case:{number}" for number in range(1, 7)
    )


def test_two_workers_on_one_subject_make_one_record_that_ends_in_the_present_state(
    office: Office, helpdesk: Desk
) -> None:
    asked = office.asked()
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))

    def edit() -> None:
        for number in range(10):
            office.change(Thread, asked.thread_id, title=f"Title {number}")
            office.happens(ThreadEdited(thread_id=asked.thread_id))

    def work() -> None:
        for _ in range(10):
            office.round()

    at_once(edit, work, work, work)
    office.work_off()
    (record,) = helpdesk.records.values()
    assert record["record"]["title"] == "Title 9"
    assert {state for state, _ in office.states()} == {"done"}
    assert helpdesk.calls.count("POST") == 1


def test_a_later_delivery_of_a_subject_waits_for_the_one_that_runs(office: Office) -> None:
    asked = office.asked()
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    other = office.asked()
    with office.db.transaction() as session:
        first = claim_next(session, 1)
    office.happens(ThreadEdited(thread_id=asked.thread_id))
    office.happens(AnswerAccepted(thread_id=other.thread_id, acceptance_id=1))
    with office.db.transaction() as session:
        second = claim_next(session, 1)
        third = claim_next(session, 1)
    assert first is not None
    assert second is not None
    assert third is None
    states = office.states(connection_id=1)
    assert [state for state, _ in states] == ["running", "waiting", "running"]


def test_a_worker_that_was_too_slow_settles_nothing(office: Office, helpdesk: Desk) -> None:
    asked = office.asked()
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    with office.db.transaction() as session:
        slow = claim_next(session, 2)
    assert slow is not None
    office.time_passes()
    office.round()
    done = office.states(connection_id=2)
    assert done == [("done", "created")]
    courier = office.courier()
    assert courier.deliver(slow)  # it wakes up, and finds the work taken
    assert office.states(connection_id=2) == done
    assert len(helpdesk.records) == 1


def test_two_installations_on_one_desk_do_not_meet(
    office: Office, helpdesk: Desk, tmp_path: Path, sqlite_template: Path
) -> None:
    from tests.installing import copy_of_sqlite

    folder = tmp_path / "second"
    folder.mkdir()
    url = copy_of_sqlite(sqlite_template, folder)
    second = Office(Database(url), settings_for(url, folder), helpdesk.url)
    try:
        second.connect("desk", url=helpdesk.url, installation="loggia-9f9f")
        for each in (office, second):
            asked = each.asked()
            each.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
            helpdesk.cuts = ["after"]
            each.work_off()
    finally:
        second.db.dispose()
    keys = sorted(record["key"] for record in helpdesk.records.values())
    assert keys == ["loggia-1a2b:case:1", "loggia-9f9f:case:1"]


_WORKER = """
import sys
from pathlib import Path
from forum.kernel.db import Database
from tests.crm_sync.make import NOON
from tests.crm_sync.office import Office
from tests.installing import settings_for
url, folder, *urls = sys.argv[1:]
office = Office(Database(url, pool_size=2), settings_for(url, Path(folder)), *urls)
print("ready", flush=True)
while True:
    office.round()
"""


@pytest.mark.long
def test_workers_that_are_killed_lose_and_double_nothing(
    office: Office, receiver: Receiver, helpdesk: Desk, tmp_path: Path, amount: Callable[[int, int], int]
) -> None:
    url = office.db.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _WORKER, url, str(tmp_path), receiver.url, helpdesk.url]
    threads = []
    for turn in range(amount(1, 60)):
        pair = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
        for process in pair:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        for _ in range(12):
            asked = office.asked()
            threads.append(asked.thread_id)
            office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
        receiver.wait_for(turn * 12 + 4)
        for process in pair:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        office.time_passes()
    office.work_off(rounds=30 + len(threads))
    assert {state for state, _ in office.states()} == {"done"}
    keys = [f"loggia-1a2b:case:{number}" for number in threads]
    assert sorted(record["key"] for record in helpdesk.records.values()) == sorted(keys)
    by_subject: dict[str, set[Any]] = {}
    for request in receiver.received:
        by_subject.setdefault(request.body.decode().split('"subject":"')[1].split('"')[0], set()).add(
            request.headers["webhook-id"]
        )
    assert sorted(by_subject) == sorted(keys)
    assert {len(found) for found in by_subject.values()} == {1}


def test_finding_the_next_reads_the_index_of_what_is_due_however_much_was_done(office: Office) -> None:
    """No clock here: the database is asked how it would look."""
    with office.db.transaction() as session:
        sample = [
            make.delivery(connection_id=2, local_id=number, state="done", settled_at=NOON) for number in range(3000)
        ]
        session.add_all([*sample, *(make.delivery(connection_id=2, local_id=9000 + number) for number in range(30))])
    with office.db.transaction() as session:
        session.execute(text("ANALYZE"))
        connection, said = session.connection(), []
        listener = lambda *given: said.append((given[2], given[3]))  # noqa: E731 (removed by identity below)
        event.listen(connection, "before_cursor_execute", listener)
        claim_next(session, 2)
        event.remove(connection, "before_cursor_execute", listener)
        (found,) = [each for each in said if "NOT (EXISTS" in each[0]]
        asked = "EXPLAIN QUERY PLAN " if office.db.is_sqlite else "EXPLAIN "
        plan = " ".join(str(row) for row in connection.exec_driver_sql(asked + found[0], found[1]))
    assert "ix_crm_delivery_due" in plan
