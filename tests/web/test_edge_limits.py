"""A bucket gives exactly what it holds, however many ask at once and wherever it is kept."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from forum.kernel import clock
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import signing_in
from forum.members.tables import Member
from tests.servers import redis
from tests.web.edging import FROM_HERE, OUR_HOST, Opener, csrf_in, embedded, opening, raw, registered
from web.edge.buckets import MemoryStore, Rule, Store, Taken, taken
from web.edge.csrf import BOUND_PATHS
from web.edge.limits import Deadline, Limits, Shedding, network_of
from web.edge.stores import DatabaseStore, RedisStore, WithFallback, shared_store
from web.edge.tables import RateBucket
from web.edge.visit import Visit
from web.problems import TOO_SLOW, Refused

SLOW = Rule("slow", 10, 36_000)  # gives back one token an hour: within a test, none
SMALL = Limits(reading=Rule("read", 5, 3_600), writing=Rule("write", 3, 3_600), signing_in=Rule("sign-in", 2, 3_600))


@pytest.fixture
def open_site() -> Iterator[Opener]:
    yield from opening()


# Buckets


def test_a_bucket_gives_its_amount_then_one_token_per_step() -> None:
    time = [10**12]
    store, rule = MemoryStore(lambda: time[0]), Rule("r", 10, 60)
    assert [store.take("a", rule).allowed for _ in range(12)] == [True] * 10 + [False] * 2
    assert store.take("a", rule).retry_seconds == 6
    assert store.take("b", rule).allowed
    time[0] += 6_000_000 - 1
    assert not store.take("a", rule).allowed
    time[0] += 1
    assert store.take("a", rule).allowed
    assert not store.take("a", rule).allowed
    time[0] += 60_000_000
    assert [store.take("a", rule).remaining for _ in range(3)] == [9, 8, 7]


@given(st.integers(1, 500), st.integers(1, 4_000), st.lists(st.integers(0, 20_000_000), max_size=60))
def test_no_window_ever_gives_more_than_amount_and_refill(amount: int, seconds: int, waits: list[int]) -> None:
    time, rule = [0], Rule("r", amount, seconds)
    store = MemoryStore(lambda: time[0])
    given_at: list[int] = []
    for wait in waits:
        time[0] += wait
        if store.take("a", rule).allowed:
            given_at.append(time[0])
    for first in range(len(given_at)):
        for last in range(first, len(given_at)):
            passed = given_at[last] - given_at[first]
            assert last - first + 1 <= amount + passed // rule.step


def test_what_a_refusal_says_is_true() -> None:
    rule = Rule("r", 3, 3)
    assert taken(rule, 3_000_000, 0, allowed=True) == Taken(True, 0, 0, 3_000_000)
    assert taken(rule, 3_000_000, 0, allowed=False) == Taken(False, 0, 1_000_000, 3_000_000)
    assert taken(rule, 0, 5, allowed=True).remaining == 3


def _at_once(store: Store, threads: int, each: int) -> int:
    """How many tokens `threads` threads get that all begin at one moment."""
    start = Barrier(threads)

    def ask() -> int:
        start.wait()
        return sum(store.take("everybody", SLOW).allowed for _ in range(each))

    with ThreadPoolExecutor(threads) as pool:
        return sum(future.result() for future in [pool.submit(ask) for _ in range(threads)])


def test_in_memory_threads_get_exactly_the_amount(amount: Callable[[int, int], int]) -> None:
    for _ in range(amount(20, 500)):
        assert _at_once(MemoryStore(), 16, 8) == SLOW.amount


def test_in_redis_several_processes_get_exactly_the_amount(redis_url: str) -> None:
    rule = Rule("redis", 10, 36_000)
    stores = [RedisStore(redis_url) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: stores[n % 4].take("everybody", rule), range(300)))
    assert sum(result.allowed for result in results) == 10
    assert sorted(result.remaining for result in results if result.allowed) == list(range(10))
    assert all(3_590 <= result.retry_seconds <= 3_600 for result in results if not result.allowed)
    for store in stores:
        store.close()


@pytest.fixture(scope="module")
def postgres(postgres_server: Any, postgres_template: str) -> Iterator[Database]:
    name = postgres_server.create(postgres_template)
    database = Database(postgres_server.url_of(name))
    yield database
    database.dispose()
    postgres_server.drop(name)


def test_in_postgresql_threads_get_exactly_the_amount(postgres: Database) -> None:
    assert _at_once(DatabaseStore(postgres), 12, 25) == SLOW.amount


def test_in_postgresql_tokens_come_back_by_the_database_s_clock(postgres: Database) -> None:
    store, rule = DatabaseStore(postgres), Rule("turned", 2, 7_200)
    assert [store.take("a", rule).remaining for _ in range(2)] == [1, 0]
    refused = store.take("a", rule)
    assert not refused.allowed
    assert 3_590 <= refused.retry_seconds <= 3_600
    with postgres.transaction() as session:
        session.execute(update(RateBucket).values(full_at=RateBucket.full_at - 3_600_000_000))
    assert [store.take("a", rule).allowed for _ in range(2)] == [True, False]


def test_full_buckets_are_swept(postgres: Database) -> None:
    store, rule = DatabaseStore(postgres), Rule("swept", 1_000_000, 1)
    for number in range(5):
        store.take(str(number), rule)
    store._takes = 999
    store.take("last", rule)
    with postgres.reading() as connection:
        left = select(func.count()).where(RateBucket.key.like("swept %"))
        assert connection.execute(left).scalar_one() <= 1


def test_the_embedded_site_counts_in_memory_and_others_where_all_look(
    postgres: Database, tmp_path: Path, redis_url: str
) -> None:
    assert isinstance(shared_store(embedded(tmp_path), Database(f"sqlite:///{tmp_path / 'x.sqlite'}")), MemoryStore)
    assert isinstance(shared_store(embedded(tmp_path), postgres), WithFallback)


class _Away:
    blocks = True

    def __init__(self) -> None:
        self.asked = 0

    def take(self, key: str, rule: Rule) -> Taken:
        self.asked += 1
        raise OSError("connection refused")


def test_while_the_shared_store_is_away_this_process_counts_alone_and_more_strictly() -> None:
    away, time = _Away(), [0.0]
    store = WithFallback(away, clock=lambda: time[0])
    assert sum(store.take("a", Rule("r", 40, 3_600)).allowed for _ in range(40)) == 10
    assert away.asked == 1
    time[0] += 5.1
    store.take("a", SLOW)
    assert away.asked == 2


def test_a_redis_that_is_gone_is_noticed_and_no_error() -> None:
    with redis.running() as url:
        store = WithFallback(RedisStore(url))
        assert store.take("a", SLOW).allowed
    assert store.take("a", SLOW).allowed


def test_a_fault_of_ours_in_a_store_is_not_taken_for_absence() -> None:
    class Wrong(_Away):
        def take(self, key: str, rule: Rule) -> Taken:
            raise KeyError(key)

    with pytest.raises(KeyError):
        WithFallback(Wrong()).take("a", SLOW)


def test_memory_holds_so_many_buckets_and_forgets_the_fullest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.edge.buckets._MOST_BUCKETS", 100)
    store = MemoryStore(lambda: 10**12)
    for _ in range(5):
        store.take("greedy", SLOW)
    for number in range(1_000):
        store.take(f"visitor {number}", SLOW)
    assert len(store._full_at) <= 100
    assert sum(store.take("greedy", SLOW).allowed for _ in range(10)) == 5


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_as_what_one_household_has(address: str, who: str) -> None:
    assert network_of(address) == who


# The layer


def test_an_empty_bucket_is_answered_with_429_and_when_to_come_back(open_site: Opener, tmp_path: Path) -> None:
    reader = open_site(embedded(tmp_path), limits=SMALL)
    statuses = [reader.get(path).status_code for path in ("/things/1", "/nothing", "/things/x", "/kept/a", "/kept/b")]
    assert statuses == [200, 404, 404, 200, 200]
    refused = reader.get("/things/1")
    assert refused.status_code == 429
    assert 700 <= int(refused.headers["retry-after"]) <= 720
    assert refused.headers["ratelimit-policy"] == '"read";q=5;w=3600'
    assert refused.headers["ratelimit"].startswith('"read";r=0;t=')
    assert "12 minutes" in refused.text
    problem = reader.get("/api/things/1")
    assert (problem.status_code, problem.json()["type"]) == (429, "urn:loggia:problem:too-many-requests")


def test_a_page_from_memory_costs_no_token(open_site: Opener, tmp_path: Path) -> None:
    reader = open_site(embedded(tmp_path), limits=SMALL)
    assert {reader.get("/kept/a").status_code for _ in range(30)} == {200}
    assert [reader.get("/things/1").status_code for _ in range(5)] == [200] * 4 + [429]


def test_probes_and_assets_are_never_limited(open_site: Opener, tmp_path: Path) -> None:
    reader = open_site(embedded(tmp_path), limits=SMALL)
    assert {reader.get("/health/live").status_code for _ in range(20)} == {200}
    assert {reader.get("/static/none.css").status_code for _ in range(20)} == {404}


def test_programs_are_told_what_is_left(open_site: Opener, tmp_path: Path) -> None:
    program = open_site(embedded(tmp_path), limits=SMALL)
    answers = [program.post("/api/echo", json={"text": "x"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]


def test_signing_in_has_a_smaller_bucket_that_a_session_does_not_widen(open_site: Opener, tmp_path: Path) -> None:
    visitor = open_site(embedded(tmp_path), limits=SMALL)
    for path, credential in zip(sorted(BOUND_PATHS)[:2], ({}, {"authorization": "Bearer x"}), strict=True):
        visitor.post(path, headers={**FROM_HERE, **credential}, data={})
    assert visitor.post("/login", headers=FROM_HERE, data={}).status_code == 429
    assert visitor.post("/login", headers={"cookie": "session=" + "t" * 43}, data={}).status_code == 429


def test_one_account_cannot_be_tried_from_many_addresses(
    open_site: Opener, settings: Settings, database: Database
) -> None:
    registered(database, "tried")
    limits = Limits(reading=None, writing=None, signing_in=None, account=Rule("account", 3, 3_600))
    first = open_site(settings, limits=limits)

    def try_once(login: str) -> int:
        visitor = open_site.another(first)
        form = {"csrf": csrf_in(visitor.get("/login").text), "login": login, "password": "wrong and long enough"}
        return visitor.post("/login", data=form, headers=FROM_HERE).status_code

    assert [try_once(login) for login in ("tried", " Tried ", "\uff34RIED", "tried", "other")] == [
        422,
        422,
        422,
        429,
        422,
    ]


def test_members_behind_one_address_have_buckets_of_their_own(
    open_site: Opener, settings: Settings, database: Database
) -> None:
    sessions = []
    with database.transaction() as session:
        for name in ("marta", "joe"):
            made = Member(handle=name, handle_key=name, name=name, created_at=clock.now())
            session.add(made)
            session.flush()
            sessions.append({"cookie": f"session={signing_in.sign_in(session, member_id=made.id)}"})
    reader = open_site(settings, limits=SMALL)
    marta, joe = sessions
    assert reader.get("/me", headers=marta).status_code == 200  # from the address's bucket: nobody knows her yet
    assert [reader.get("/me", headers=marta).status_code for _ in range(6)] == [200] * 5 + [429]
    assert reader.get("/me", headers=joe).status_code == 200
    made_up = [{"cookie": "session=" + letter * 43} for letter in "abcdef"]
    assert [reader.get("/me", headers=cookie).status_code for cookie in made_up][-1] == 429


# Too many at once


def test_one_too_many_is_turned_away_at_once_and_the_others_are_served() -> None:
    async def scenario() -> tuple[int, int]:
        go = asyncio.Event()

        async def working(_scope: Any, _receive: Any, send: Any) -> None:
            await go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(_message: Any) -> None:
            return

        layer, scope = Shedding(working, most=2), {"path": "/", "state": {}}
        waiting = [asyncio.create_task(layer(cast("Any", scope), cast("Any", None), send)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await layer(cast("Any", scope), cast("Any", None), send)
        probe = asyncio.create_task(layer(cast("Any", {**scope, "path": "/health/live"}), cast("Any", None), send))
        go.set()
        await asyncio.gather(*waiting, probe)
        await layer(cast("Any", scope), cast("Any", None), send)
        return refused.value.kind.status, layer._waiting

    assert asyncio.run(scenario()) == (503, 0)


def test_a_stream_that_has_begun_takes_nobody_s_place() -> None:
    async def scenario() -> int:
        begun, end = asyncio.Event(), asyncio.Event()

        async def streaming(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            begun.set()
            await end.wait()

        async def send(_message: Any) -> None:
            return

        layer = Shedding(streaming, most=1)
        listening = asyncio.create_task(layer(cast("Any", {"path": "/"}), cast("Any", None), send))
        await begun.wait()
        waiting = layer._waiting
        end.set()
        await listening
        return waiting

    assert asyncio.run(scenario()) == 0


# Slow bodies


def test_a_body_that_drips_is_given_up() -> None:
    async def scenario() -> None:
        async def reading(_scope: Any, receive: Any, _send: Any) -> None:
            while (await receive()).get("more_body"):
                pass

        async def never() -> Any:
            await asyncio.Event().wait()

        scope: Any = {"method": "POST", "state": {"visit": Visit("id", "")}}
        await Deadline(reading, seconds=0.01)(scope, never, lambda _: _none())

    with pytest.raises(Refused) as refused:
        asyncio.run(scenario())
    assert refused.value.kind is TOO_SLOW


def test_after_the_body_nobody_is_hurried(open_site: Opener, tmp_path: Path) -> None:
    reader = open_site(embedded(tmp_path))
    json = (b"content-type", b"application/json")
    chunks = [b'{"text"', b': "x"', b"}"]
    assert raw(reader.app, "/api/echo", OUR_HOST, json, method="POST", chunks=chunks).status == 200


async def _none() -> None:
    return
