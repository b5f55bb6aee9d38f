"""Measuring and printing the table, a row at a time."""

import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from forum.kernel.access import ANONYMOUS
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.actors import actor_of
from forum.search import pages as search
from forum.threads import lists, pages, places, profiles, replying
from tests.benchmarks import asking, community, importing, serving
from tests.benchmarks.asking import Measured, get
from tests.benchmarks.community import Community
from tests.benchmarks.serving import Running
from tests.installing import migrate, settings_for
from tests.servers import Missing, postgres

UNKEPT = {"X_Requested_With": "benchmark"}  # such a request passes the page cache by
WRITERS, SECONDS = 8, 5.0


def main(arguments: list[str]) -> int:
    """Measure on the databases that are named, else on both."""
    kinds = [kind for kind in arguments if kind in ("sqlite", "postgresql")] or ["sqlite", "postgresql"]
    _say(
        f"Measured {datetime.now(UTC).date().isoformat()}, Python {platform.python_version()}, {platform.machine()}, one server worker.\n"
    )
    with serving.running(serving.load_hello) as hello:
        _say("| database | what | CPU ms | times hello | requests/s | of hello's | p50 ms | p99 ms |")
        _say("| --- | --- | --- | --- | --- | --- | --- | --- |")
        _row("–", "Litestar's hello world", asking.measure(hello, asking.HELLO, hello, count=asking.HELLOS))
        for kind in kinds:
            with ExitStack() as stack:
                try:
                    settings = stack.enter_context(_installation(kind))
                except Missing as reason:
                    _say(f"| {kind} | left out: {reason} | | | | | | |")
                    continue
                _measure(kind, settings, hello)
    return 0


def _measure(kind: str, settings: Settings, hello: Running) -> None:
    db = Database(settings.database_url)
    made = community.filled(db)
    with serving.running(serving.site(settings)) as server:
        for what, requests, count in _requests(made, server.port):
            _row(kind, what, asking.measure(server, requests, hello, count=count))
    _say(f"| {kind} | selects: {_selects(db, made)} | | | | | | |")
    rate, cpu = _replies(db, made)
    _say(f"| {kind} | replies with counters and outbox, {WRITERS} clients | {cpu * 1000:.3f} | | {rate:.0f} | | | |")
    db.dispose()
    for what, rate in importing.measure(kind, settings):
        _say(f"| {kind} | {what} | | | {rate:.0f} | | | |")


def _requests(made: Community, port: int) -> Iterator[tuple[str, list[bytes], int]]:
    threads = [f"/t/{thread_id}/x" for thread_id in made.thread_ids[:100]]
    threads = [_settled(path, port) for path in threads]
    member = {"Authorization": f"Bearer {made.token}"}
    yield "thread page from the cache", [get(path) for path in threads], 6_000
    yield "thread page past the cache", [get(path, **UNKEPT) for path in threads], 2_000
    yield "thread page of a member", [get(path, **member) for path in threads], 2_000
    yield "list past the cache", [get("/", **UNKEPT)], 1_500
    yield "category past the cache", [get("/c/machines", **UNKEPT)], 1_500
    yield "profile", [get(f"/m/{made.handle}", **UNKEPT)], 1_500
    words = [get(f"/search?q={word}", **UNKEPT) for word in community.WORDS[:20]]
    yield "search for one word", words, 1_000
    yield "thread over the API", [get(f"/api/v1/threads/{key}") for key in made.thread_ids[:100]], 1_500


def _settled(path: str, port: int) -> str:
    """Where a thread's address leads: with its right slug."""
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Host": asking.HOST})
    answer = connection.getresponse()
    connection.close()
    return answer.headers["location"] if answer.status in (301, 308) else path


def _selects(db: Database, made: Community) -> str:
    """How many selects each page takes of the database for its content."""
    reads: dict[str, Callable[..., object]] = {
        "thread": lambda c: pages.thread_page(c, ANONYMOUS, thread_id=made.thread_ids[0]),
        "list": lambda c: (places.category_list(c, ANONYMOUS), lists.thread_list(c, ANONYMOUS, lists.Wanted())),
        "profile": lambda c: profiles.profile_page(c, ANONYMOUS, handle=made.handle),
        "search": lambda c: search.search_page(c, ANONYMOUS, search.Asked(typed="boiler")),
    }
    return ", ".join(f"{what} {_count(db, read)}" for what, read in reads.items())


def _count(db: Database, read: Callable[..., object]) -> int:
    seen: list[str] = []
    with db.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: seen.append(told[2]))
        read(connection)
    return len(seen)


def _replies(db: Database, made: Community) -> tuple[float, float]:
    """Replies a second and CPU seconds of each: in a transaction of its own, with counters, subscription and the outbox row."""
    done = [0] * WRITERS
    stop_at, cpu = time.perf_counter() + SECONDS, time.process_time()

    def write(turn: int) -> None:
        with db.reading() as connection:
            actor = actor_of(connection, made.member_ids[turn % len(made.member_ids)])
        while time.perf_counter() < stop_at:
            thread_id = made.thread_ids[(turn * 31 + done[turn] * WRITERS) % len(made.thread_ids)]
            with db.transaction() as session:
                replying.reply(session, actor, thread_id=thread_id, body=community.body(done[turn]))
            done[turn] += 1

    threads = [threading.Thread(target=write, args=(turn,)) for turn in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS, (time.process_time() - cpu) / sum(done)


@contextmanager
def _installation(kind: str) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/loggia.sqlite"
        if kind == "postgresql":
            server = stack.enter_context(postgres.running(durable=True))
            url = server.url_of(server.create())
        migrate(url)
        yield settings_for(url, Path(folder), base_url=f"http://{asking.HOST}", broker_url="redis://127.0.0.1:1/0")


def _row(kind: str, what: str, found: Measured) -> None:
    _say(
        f"| {kind} | {what} | {found.cpu_ms:.3f} | {found.times:.1f} | {found.per_second:.0f} | {found.share:.0%} "
        f"| {found.p50:.1f} | {found.p99:.1f} |"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
