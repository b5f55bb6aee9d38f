"""The promise of the outbox, on the real thing: workers are killed in mid-work, Redis forgets everything, and nothing is lost
or done twice.
"""

import hashlib
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import func, select, update

from crm_sync import connections
from crm_sync.tables import Connection, CrmDelivery
from forum.articles.tables import Article
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxDelivery, OutboxEvent
from forum.kernel.settings import Settings, load
from forum.members.actors import SYSTEM
from forum.members.tables import Member
from forum.notifications.tables import Notification
from forum.search.tables import SearchDocument
from forum.threads import answers
from forum.threads.tables import Acceptance, Post, Thread
from reputation.tables import LedgerEntry
from tests.forum import making
from tests.proof.workers import Machine, environ_of, machine
from tests.servers import postgres
from tests.servers import redis as redis_server
from tests.servers.webhooks import Receiver
from web import worker
from web.cli.opening import prepare

HANDS = 4  # threads that accept at once
DEADLINE = 240.0  # seconds until everything must have arrived
OPEN = ("waiting", "running", "unsure")
pytestmark = pytest.mark.timeout(3600)


@dataclass
class Town:
    """A community on PostgreSQL and Redis, with two machines of workers and a webhook."""

    db: Database
    settings: Settings
    redis_url: str
    receiver: Receiver
    machines: list[Machine]
    asked: list[Actor] = field(default_factory=list)
    answered: list[Actor] = field(default_factory=list)
    category: str = ""

    def rows(self, *columns: Any) -> Sequence[Any]:
        with self.db.reading() as connection:
            return connection.execute(select(*columns)).all()

    def arrived(self) -> int:
        return len({request.headers["webhook-id"] for request in list(self.receiver.received)})


@pytest.fixture
def town(
    postgres_server: postgres.Server, postgres_template: str, receiver: Receiver, tmp_path: Path
) -> Iterator[Town]:
    name = postgres_server.create(postgres_template)
    with ExitStack() as running:
        running.callback(postgres_server.drop, name)
        redis_url = running.enter_context(redis_server.running())
        allowed = receiver.url.removeprefix("http://")
        environ = environ_of(postgres_server.url_of(name), redis_url, tmp_path, egress_allow=allowed)
        settings = load(environ, env_file=None)
        prepare(settings)
        db = Database(settings.database_url)
        running.callback(db.dispose)
        running.callback(worker.ring_only(settings, db).stop)
        town = Town(db, settings, redis_url, receiver, [])
        people(town)
        for number in range(2):
            folder = tmp_path / f"machine-{number}"
            folder.mkdir()
            town.machines.append(running.enter_context(machine(folder, environ, "--processes", "2")))
        until(lambda: all(each.log.count('"listening"') == 2 for each in town.machines), "four workers that listen")
        yield town


def people(town: Town) -> None:
    with town.db.transaction() as session:
        given = {"url": town.receiver.url}
        key = town.settings.secret_key
        connections.connect(session, SYSTEM, name="hook", connector="webhook", config=given, secret_key=key)
        town.category = making.category(session).slug
        town.asked = [making.member(session) for _ in range(7)]
        town.answered = [making.member(session) for _ in range(5)]


def ask_answer_accept(town: Town, number: int) -> None:
    """One resolved question, each step in the transaction of its own that a request would have."""
    asker, answerer = town.asked[number % len(town.asked)], town.answered[number % len(town.answered)]
    with town.db.transaction() as session:
        title = f"Question {number}: the grinder stops"
        thread = making.thread(session, asker, title=title, category=town.category)
    with town.db.transaction() as session:
        post = making.reply(session, thread, answerer, body=f"Answer {number}: clean the chute.")
    with town.db.transaction() as session:
        answers.accept(session, asker, post_id=post.id)


def all_at_once(town: Town, numbers: Sequence[int]) -> None:
    faults: list[BaseException] = []

    def share(mine: Sequence[int]) -> None:
        try:
            for number in mine:
                ask_answer_accept(town, number)
        except BaseException as fault:  # noqa: BLE001 (raised again below, in the test's own thread)
            faults.append(fault)

    threads = [threading.Thread(target=share, args=(numbers[first::HANDS],)) for first in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.long
def test_five_hundred_accepted_answers_while_workers_are_killed(
    town: Town, amount: Callable[[int, int], int], record_testsuite_property: Callable[[str, object], None]
) -> None:
    count, rounds = amount(60, 500), amount(4, 40)
    dice = random.Random(2026)
    kills: Counter[str] = Counter()
    for turn in range(rounds):
        numbers = range(count * turn // rounds, count * (turn + 1) // rounds)
        all_at_once(town, numbers)
        wanted = numbers.start + 1 + dice.randrange(max(1, len(numbers) // 2))
        until(lambda wanted=wanted: town.arrived() >= wanted, f"{wanted} webhooks before the next kill")  # type: ignore[misc]
        kill(town, turn, rounds, dice, kills)
    settle_down(town, let_leases_end=count < 500)

    assert_every_reaction_took_effect_once(town, count)
    assert_every_webhook_arrived(town, count)
    assert_the_journal_has_each_case_once(town, count)
    report(town, kills, record_testsuite_property)


def kill(town: Town, turn: int, rounds: int, dice: random.Random, kills: Counter[str]) -> None:
    if turn == rounds // 2:
        with redis.Redis.from_url(town.redis_url) as client:
            client.flushall()
        kills["redis"] += 1
    victim = dice.choice(town.machines)
    how = "machine" if turn == 1 else dice.choices(("child", "machine", "supervisor"), weights=(7, 2, 1))[0]
    kills[how] += 1
    if how == "child":
        victim.kill_one(dice)
    elif how == "machine":
        victim.crash()
    else:
        victim.lose_supervisor()


def settle_down(town: Town, *, let_leases_end: bool) -> None:
    """Wait until nothing is on its way. What a killed worker was pushing outward is under a lease of two minutes: the short
    test does not wait for those, it lets them end once nothing else moves.
    """
    deadline = time.monotonic() + DEADLINE
    while left := on_its_way(town):
        assert time.monotonic() < deadline, f"still on their way: {left}"
        time.sleep(0.5)
        if let_leases_end and set(left) == {"crm"} and on_its_way(town) == left:
            with town.db.transaction() as session:
                held = update(CrmDelivery).where(CrmDelivery.state == "running")
                session.execute(held.values(lease_until=now() - timedelta(minutes=1)))


def on_its_way(town: Town) -> dict[str, int]:
    left = {
        "facts": town.rows(func.count(OutboxEvent.id).filter(OutboxEvent.fanned_out_at.is_(None)))[0][0],
        "reactions": town.rows(func.count(OutboxDelivery.id).filter(OutboxDelivery.state != "done"))[0][0],
        "crm": town.rows(func.count(CrmDelivery.id).filter(CrmDelivery.state.in_(OPEN)))[0][0],
    }
    return {name: number for name, number in left.items() if number}


def assert_every_reaction_took_effect_once(town: Town, count: int) -> None:
    states = Counter(row.state for row in town.rows(OutboxDelivery.state))
    assert set(states) == {"done"}, states
    accepted = {row.id: row for row in town.rows(Acceptance.id, Acceptance.post_id, Acceptance.by_member_id)}
    assert len(accepted) == count
    authors = {row.id: row.author_id for row in town.rows(Post.id, Post.author_id)}

    due = Counter[tuple[str, int, str, int]]()
    told = Counter[tuple[int, str]]()
    for key, row in accepted.items():
        due[(f"acceptance:{key}", authors[row.post_id], "accepted", 15)] += 1
        due[(f"acceptance:{key}", row.by_member_id, "accepting", 2)] += 1
        told[(authors[row.post_id], f"acceptance:{key}")] += 1
        told[(row.by_member_id, f"post:{row.post_id}")] += 1
    entries = town.rows(LedgerEntry.cause, LedgerEntry.member_id, LedgerEntry.reason, LedgerEntry.points)
    assert Counter(tuple(row) for row in entries) == due
    assert Counter(tuple(row) for row in town.rows(Notification.member_id, Notification.cause)) == told

    sums = Counter[int]()
    for row in entries:
        sums[row.member_id] += row.points
    totals = {row.id: row.points for row in town.rows(Member.id, Member.points)}
    assert {key: points for key, points in totals.items() if points} == dict(sums)

    facts = Counter(row.kind for row in town.rows(OutboxEvent.kind))
    assert (facts["ArticleDrafted"], facts["StandingChanged"]) == (count, 2 * count)
    assert_articles_and_documents_are_right(town, accepted, count)


def assert_articles_and_documents_are_right(town: Town, accepted: dict[int, Any], count: int) -> None:
    threads = {row.id: row for row in town.rows(Thread.id, Thread.title, Thread.solved_at)}
    sources = {row.id: row for row in town.rows(Post.id, Post.thread_id, Post.source)}
    drafts = town.rows(Article.thread_id, Article.post_id, Article.state, Article.version, Article.source)
    assert sorted(row.post_id for row in drafts) == sorted(row.post_id for row in accepted.values())
    assert all((row.state, row.version) == ("draft", 1) for row in drafts)
    assert all(sources[row.post_id].source in row.source for row in drafts)

    documents = town.rows(SearchDocument.kind, SearchDocument.local_id, SearchDocument.title, SearchDocument.body, SearchDocument.is_resolved)  # fmt: skip
    assert sorted((row.kind, row.local_id) for row in documents) == [("thread", key) for key in sorted(threads)]
    assert len(documents) == count
    answers_of = {sources[row.post_id].thread_id: sources[row.post_id].source for row in accepted.values()}
    for row in documents:
        assert row.title == threads[row.local_id].title
        assert row.is_resolved
        assert answers_of[row.local_id] in row.body


def assert_every_webhook_arrived(town: Town, count: int) -> None:
    """At least once, in the present state; what came twice bore the same id and the same body."""
    bodies: dict[str, set[str]] = defaultdict(set)
    last: dict[str, tuple[str, Any]] = {}
    for request in town.receiver.received:
        bodies[request.headers["webhook-id"]].add(hashlib.sha256(request.body).hexdigest())
        event = json.loads(request.body)
        assert event["id"] == request.headers["webhook-id"]
        last[event["subject"]] = max(
            last.get(event["subject"], ("", None)),
            (event["sequence"], event["data"]["record"]),
            key=lambda each: each[0],
        )
    assert {len(digests) for digests in bodies.values()} == {1}
    threads = town.rows(Thread.id, Thread.title)
    installation = town.rows(Connection.installation)[0][0]
    assert set(last) == {f"{installation}:case:{row.id}" for row in threads}
    assert len(bodies) == len(last) == count
    for row in threads:
        _, record = last[f"{installation}:case:{row.id}"]
        assert (record["title"], record["state"]) == (row.title, "solved")
        assert [answer["accepted"] for answer in record["answers"]] == [True]
    assert Counter(row.state for row in town.rows(CrmDelivery.state)) == {"done": 2 * count}


def assert_the_journal_has_each_case_once(town: Town, count: int) -> None:
    lines = (town.settings.var_dir / "crm" / "cases.ndjson").read_text().splitlines()
    keys = Counter(json.loads(line)["key"] for line in lines)
    assert len(keys) == count
    assert set(keys.values()) == {1}


def report(town: Town, kills: Counter[str], record: Callable[[str, object], None]) -> None:
    """Figures for whoever asks for them (`--junitxml`); how fast a machine is, is no promise of ours."""
    joined = OutboxEvent.id == OutboxDelivery.event_id
    with town.db.reading() as connection:
        moments = connection.execute(select(OutboxEvent.created_at, OutboxDelivery.settled_at).where(joined)).all()
        again = connection.scalar(select(func.count()).where(OutboxDelivery.attempt > 1))
    lags = sorted((row.settled_at - row.created_at).total_seconds() for row in moments)
    record("kills", dict(kills))
    record("reactions taken up again after a kill", again)
    record("webhooks that came more than once", len(town.receiver.received) - town.arrived())
    record("seconds from fact to effect, median and slowest", [lags[len(lags) // 2], lags[-1]])
