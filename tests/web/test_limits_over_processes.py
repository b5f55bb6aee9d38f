"""The limit is one limit, however many processes look: of 300 calls at once against 10, exactly 10 pass."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shared import ROOT

PROCESSES, THREADS, CALLS, AMOUNT = 4, 15, 300, 10
# Each process counts a quarter of the calls; they begin together when all have said that they are ready.
PROGRAM = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from forum.kernel.db import Database
from web.edge.buckets import Rule
from web.edge.stores import DatabaseStore, RedisStore

kind, url, calls, threads, amount = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
store = RedisStore(url) if kind == "redis" else DatabaseStore(Database(url))
rule = Rule("one limit", amount, 36_000)
store.take("warming up", rule)
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(threads) as pool:
    results = list(pool.map(lambda _: store.take("everybody", rule), range(calls)))
print(json.dumps([[taken.allowed, taken.remaining, taken.retry_seconds] for taken in results]))
"""


@pytest.fixture(params=["redis", "postgresql"])
def shared(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    if request.param == "redis":
        yield "redis", request.getfixturevalue("redis_url")
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create(request.getfixturevalue("postgres_template"))
    yield "postgresql", server.url_of(name)
    server.drop(name)


def test_of_300_calls_over_four_processes_exactly_ten_pass(shared: tuple[str, str]) -> None:
    words = [*shared, str(CALLS // PROCESSES), str(THREADS), str(AMOUNT)]
    command = [sys.executable, "-c", PROGRAM, *words]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        assert {_line(process) for process in running} == {"ready"}
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        results = [result for process in running for result in json.loads(_line(process))]
    finally:
        for process in running:
            process.communicate()
    passed = [remaining for allowed, remaining, _ in results if allowed]
    assert len(results) == CALLS
    assert sorted(passed) == list(range(AMOUNT))
    assert all(seconds > 3_000 for allowed, _, seconds in results if not allowed)


def _line(process: subprocess.Popen[Any]) -> str:
    assert process.stdout is not None
    return str(process.stdout.readline()).strip()
