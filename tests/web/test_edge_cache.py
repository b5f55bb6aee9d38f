"""What memory keeps is the same for everybody, current within half a second, and bounded."""

import asyncio
import gzip
import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient
from litestar.types import HTTPScope

from tests.web.edging import OUR_HOST, Opener, Site, embedded, opening, raw
from web.edge.cache import (
    LARGEST_PAGE,
    LIFETIME,
    LOOK_AGAIN,
    Key,
    Page,
    PageCache,
    Pages,
    is_own_address,
    key_of,
    made,
    matches,
)
from web.edge.encodings import best_encoding
from web.edge.visit import Keep, Version, Visit

PLAIN = {"accept-encoding": "identity"}


@pytest.fixture(scope="module")
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture(scope="module")
def opened(open_site: Opener, tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, TestClient[Any]]:
    site = Site()
    return site, open_site(embedded(tmp_path_factory.mktemp("cached")), site)


@pytest.fixture
def site(opened: tuple[Site, TestClient[Any]]) -> Site:
    opened[0].__init__()  # type: ignore[misc]  # as it was at first
    return opened[0]


@pytest.fixture
def reader(open_site: Opener, site: Site, opened: tuple[Site, TestClient[Any]]) -> TestClient[Any]:
    """A reader of a site whose cache is empty."""
    cache = cache_of(opened[1])
    cache.pages, cache._clock = Pages(), time.monotonic
    return open_site.another(opened[1])


def cache_of(reader: Any) -> PageCache:
    """The cache among the layers of a site, with a clock that a test turns."""
    layer: Any = getattr(reader.app, "__closure__", ())
    for cell in layer:
        if hasattr(
            cell.cell_contents, "__closure__"
        ):  # the client wraps what it is given, another's wrapped application too
            return cache_of(SimpleNamespace(app=cell.cell_contents))
        found: Any = getattr(cell.cell_contents, "_layers", None)
        while found is not None and not isinstance(found, PageCache):
            found = getattr(found, "app", None)
        if found is not None:
            return found
    raise AssertionError("no cache among the layers")


def test_a_kept_page_is_made_once(reader: TestClient[Any], site: Site) -> None:
    first, again = reader.get("/kept/a"), reader.get("/kept/a")
    assert (first.text, first.headers["etag"]) == (again.text, again.headers["etag"])
    assert site.made == 1
    assert again.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert {"Accept-Encoding", "Cookie", "Accept-Language"} <= set(again.headers["vary"].split(", "))
    assert "set-cookie" not in again.headers


def test_a_change_shows_after_half_a_second_and_no_version_is_read_before(reader: TestClient[Any], site: Site) -> None:
    cache, now = cache_of(reader), [100.0]
    cache._clock = lambda: now[0]
    assert "version 1" in reader.get("/kept/a").text
    site.version = 2
    now[0] += LOOK_AGAIN - 0.01
    assert "version 1" in reader.get("/kept/a").text
    assert site.looked == 0
    now[0] += 0.02
    assert "version 2" in reader.get("/kept/a").text
    assert (site.looked, site.made) == (1, 2)
    now[0] += LOOK_AGAIN
    assert "version 2" in reader.get("/kept/a").text
    assert (site.looked, site.made) == (2, 2)


def test_a_page_ends_with_its_lifetime_whatever_its_version(reader: TestClient[Any], site: Site) -> None:
    cache, now = cache_of(reader), [100.0]
    cache._clock = lambda: now[0]
    reader.get("/kept/a")
    now[0] += LIFETIME
    reader.get("/kept/a")
    assert (site.looked, site.made) == (0, 2)


def test_many_readers_wait_for_one_look() -> None:
    looks = 0

    async def read_version(_version_of: Any) -> Version:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return 1

    async def never(*_: Any) -> None:
        raise AssertionError("the page is there")

    async def scenario() -> None:
        cache = PageCache(never, read_version=read_version, clock=lambda: 10.0)
        scope = _scope("/a", b"")
        cache.pages.put(key_of(scope, scope["state"]["visit"]), _page(look_at=9.0))
        await asyncio.gather(*(cache(scope, cast("Any", never), _deaf) for _ in range(50)))

    asyncio.run(scenario())
    assert looks == 1


def test_a_reader_who_leaves_does_not_end_the_look_of_the_others() -> None:
    async def scenario() -> int:
        begun, go = asyncio.Event(), asyncio.Event()

        async def read_version(_version_of: Any) -> Version:
            begun.set()
            await go.wait()
            return 1

        cache = PageCache(cast("Any", None), read_version=read_version, clock=lambda: 10.0)
        page = _page(look_at=9.0)
        leaving, staying = (asyncio.create_task(cache._is_current(page)) for _ in range(2))
        await begun.wait()
        leaving.cancel()
        go.set()
        return int(await staying)

    assert asyncio.run(scenario()) == 1


def test_while_the_database_is_away_the_known_page_stands_in(reader: TestClient[Any], site: Site) -> None:
    cache, now = cache_of(reader), [100.0]
    cache._clock = lambda: now[0]
    page = reader.get("/kept/a").text

    def away() -> None:
        raise OSError("no route to host")

    site.fails = away
    now[0] += LOOK_AGAIN
    assert reader.get("/kept/a").text == page
    assert site.made == 1


def test_a_known_page_stands_in_for_a_503_and_not_for_a_404() -> None:
    for status, stands_in in ((503, True), (404, False), (500, False)):
        scope = _scope("/a", b"")
        answer, left = asyncio.run(_through_cache(scope, status))
        assert (answer == 200) is stands_in
        assert left == (status >= 500)


async def _through_cache(scope: HTTPScope, status: int) -> tuple[int, bool]:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"no", "more_body": False})

    async def read_version(_version_of: Any) -> Version:
        return 2

    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    cache = PageCache(app, read_version=read_version, clock=lambda: 10.0)
    key = key_of(scope, scope["state"]["visit"])
    cache.pages.put(key, _page(look_at=9.0))
    await cache(scope, cast("Any", None), send)
    return statuses[0], cache.pages.find(key) is not None


def test_a_reader_whose_copy_is_right_gets_304(reader: TestClient[Any]) -> None:
    etag = reader.get("/kept/a").headers["etag"]
    for asked in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        answer = reader.get("/kept/a", headers={"if-none-match": asked})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert "content-type" not in answer.headers
    assert reader.get("/kept/a", headers={"if-none-match": '"other"'}).status_code == 200
    assert reader.request("HEAD", "/kept/a", headers={"if-none-match": etag}).status_code == 304
    assert not matches(b"", b'W/"a"')


@pytest.mark.parametrize(
    ("asked", "given_"),
    [
        ("zstd, gzip, br", b"zstd"),
        ("gzip", b"gzip"),
        ("GZIP", b"gzip"),
        ("gzip;q=1.0, zstd;q=0.5", b"gzip"),
        ("gzip;q=0", b""),
        ("gzip;q=0, *", b"zstd"),
        ("*;q=0", b""),
        ("*", b"zstd"),
        ("br", b""),
        ("", b""),
        ("gzip;q=nonsense", b""),
        ("zstd;q=0, gzip", b"gzip"),
        ("xgzip", b""),
    ],
)
def test_the_encoding_is_one_that_the_reader_takes(reader: TestClient[Any], asked: str, given_: bytes) -> None:
    assert best_encoding(asked.encode()) == given_
    plain = raw(reader.app, "/kept/a", OUR_HOST, (b"accept-encoding", b"identity"))
    answer = raw(reader.app, "/kept/a", OUR_HOST, (b"accept-encoding", asked.encode()))
    unpack = {b"": lambda body: body, b"gzip": gzip.decompress, b"zstd": zstandard.decompress}[given_]
    assert unpack(answer.body) == plain.body
    assert answer.header("content-encoding").encode() == given_
    assert int(answer.header("content-length")) == len(answer.body)


def test_language_and_theme_have_pages_of_their_own(reader: TestClient[Any], site: Site) -> None:
    def said(**headers: str) -> str:
        return reader.get("/kept/a", headers=headers).text.partition(".")[0]

    assert said().endswith("in en ")
    assert said(**{"accept-language": "it-IT,it;q=0.9,en;q=0.5"}).endswith("in it ")
    assert said(cookie="theme=dark").endswith("in en dark")
    assert said(cookie="locale=it; theme=light").endswith("in it light")
    assert said(cookie="locale=xx; theme=neon").endswith("in en ")
    assert said().endswith("in en ")
    assert site.made == 4


@pytest.mark.parametrize("path", ["/kept-form", "/kept-gone", "/kept-moved", "/kept-cookie", "/kept/private"])
def test_errors_redirects_and_what_sets_a_cookie_are_never_kept(reader: TestClient[Any], path: str) -> None:
    before = reader.get(path)
    assert len(cache_of(reader).pages) == 0
    assert before.headers.get("cache-control") != "public, max-age=0, must-revalidate"


def test_a_page_with_a_form_s_token_is_never_kept_even_if_it_sets_no_cookie(reader: TestClient[Any]) -> None:
    assert "set-cookie" in reader.get("/kept-form").headers
    again = reader.get("/kept-form")
    assert "set-cookie" not in again.headers
    assert again.headers["cache-control"] == "private, no-cache"
    assert len(cache_of(reader).pages) == 0


UNKEYED = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-proto": "https",
    "forwarded": "host=evil",
    "x-forwarded-scheme": "http",
    "x-forwarded-port": "1",
    "x-forwarded-prefix": "/evil",
    "x-original-url": "/evil",
    "x-rewrite-url": "/evil",
    "x-host": "evil.example",
    "x-http-method-override": "POST",
    "x-method-override": "PUT",
    "x-real-ip": "6.6.6.6",
    "true-client-ip": "6.6.6.6",
    "cf-connecting-ip": "6.6.6.6",
    "x-cluster-client-ip": "6",
    "referer": "https://evil.example/",
    "origin": "https://evil.example",
    "user-agent": "<script>",
    "via": "evil",
    "accept": "text/html;level=evil",
    "accept-charset": "utf-7",
    "content-type": "text/evil",
    "dnt": "1",
    "cache-control": "no-cache",
    "pragma": "no-cache",
    "if-modified-since": "Thu, 01 Jan 2037 00:00:00 GMT",
    "expect": "evil",
    "te": "trailers",
    "max-forwards": "0",
    "x-requested-from": "evil",
    "save-data": "on",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "cors",
    "sec-ch-ua": "evil",
    "x-wap-profile": "http://evil",
    "cookie": "tracking=evil; form=evil; other=1",
    "x-evil": "evil",
    "accept-language": "xx-evil",
    "from": "evil@example",
}


@pytest.mark.parametrize("header", UNKEYED)
def test_no_header_outside_the_key_shapes_what_others_get(reader: TestClient[Any], header: str) -> None:
    clean = reader.get("/kept/a", headers=PLAIN)
    cache_of(reader).pages = Pages()
    reader.get("/kept/a", headers={**PLAIN, header: UNKEYED[header]})
    after = reader.get("/kept/a", headers=PLAIN)
    assert (after.status_code, after.text) == (clean.status_code, clean.text)
    ids = {"x-request-id": ""}
    assert {**after.headers, **ids} == {**clean.headers, **ids}


@pytest.mark.parametrize(
    "headers",
    [
        {"hx-request": "true"},
        {"x-requested-with": "XMLHttpRequest"},
        {"range": "bytes=0-9"},
        {"authorization": "Basic bWU6bWU="},
        {"accept": "application/json"},
        {"cookie": "session=tttttttttttttttttttttttttttttttttttttttttttt"},
        {"cookie": "session=short"},
        {"cookie": "notice=signed-out"},
    ],
)
def test_a_request_for_something_else_is_neither_answered_from_memory_nor_kept(
    reader: TestClient[Any], site: Site, headers: dict[str, str]
) -> None:
    reader.get("/kept/a", headers=headers)
    assert len(cache_of(reader).pages) == 0
    reader.get("/kept/a")
    reader.get("/kept/a", headers=headers)
    assert site.made == 3


@pytest.mark.parametrize("query", ["?utm=evil", "?page=1", "?page=2&x=1", "?x=1&page=2", "?page=02", "?", "?page=%32"])
def test_only_the_page_s_own_spelling_of_its_address_is_kept(reader: TestClient[Any], query: str) -> None:
    reader.get(f"/kept/a{query}")
    kept = len(cache_of(reader).pages)
    assert kept == (1 if query == "?" else 0)  # the client leaves an empty query out
    reader.get("/kept/a?page=2")
    assert len(cache_of(reader).pages) == kept + 1


# Keys


parts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
requests = st.tuples(
    parts, st.binary(max_size=6), st.sampled_from(["en", "it", ""]), st.sampled_from(["", "dark", "light"])
)


@given(requests, requests)
def test_two_requests_share_a_key_only_if_all_that_shapes_the_page_is_equal(
    one: tuple[str, bytes, str, str], other: tuple[str, bytes, str, str]
) -> None:
    keys = [_key(*request) for request in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.long
def test_no_two_of_very_many_neighbouring_requests_share_a_key(amount: Any) -> None:
    names = ["/c/a", "/c/ax", "/c/a?x", "/c", "/c/", "//c/a", "/t/1", "/t/11", "/t/1/1", "/t/1/a", "/t/1/a?page=2"]
    queries = [b"", b"x=1", b"page=1", b"page=11", b"1", b"=", b"&", b"page=2"]
    locales, themes = ["en", "it"], ["", "dark", "light"]
    numbers = range(amount(20, 2_000))
    all_requests = set(itertools.product([f"{name}{n}" for name in names for n in numbers], queries, locales, themes))
    assert len({_key(*request) for request in all_requests}) == len(all_requests)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 99), st.integers(1, 99))
def test_two_pages_never_have_one_address(one: int, other: int, page: int, other_page: int) -> None:
    scope = _scope(f"/t/{one}/x", f"page={page}".encode())
    assert is_own_address(scope, f"/t/{other}/x?page={other_page}") == ((one, page) == (other, other_page))


def _key(path: str, query: bytes, locale: str, theme: str) -> Key:
    scope = _scope(path, query)
    visit: Visit = scope["state"]["visit"]
    visit.locale, visit.theme = locale, theme
    return key_of(scope, visit)


# Bounds


def test_the_longest_unused_leave_first_and_bytes_stay_bounded() -> None:
    size = _page().size
    pages = Pages(most_bytes=size * 10)
    for number in range(25):
        pages.put((f"/{number}", b"", "en", ""), _page())
        pages.find(("/0", b"", "en", ""))
        assert pages.bytes <= size * 10
    assert len(pages) == 10
    assert pages.find(("/0", b"", "en", "")) is not None
    assert pages.find(("/1", b"", "en", "")) is None
    pages.put(("/0", b"", "en", ""), _page())
    assert pages.bytes == size * 10
    for number in range(25):
        pages.drop((f"/{number}", b"", "en", ""))
    assert (len(pages), pages.bytes) == (0, 0)


def test_one_page_never_takes_the_place_of_all() -> None:
    scope = _scope("/a", b"")
    scope["state"]["visit"].keep = Keep("/a", 1, lambda _: 1)
    from web.edge.cache import kind_to_keep

    def kept(length: int) -> bytes | None:
        headers = [(b"content-type", b"text/html"), (b"content-length", str(length).encode())]
        return kind_to_keep(scope, scope["state"]["visit"], 200, headers)

    assert kept(LARGEST_PAGE) == b"text/html"
    assert kept(LARGEST_PAGE + 1) is None
    assert kept(0) is None


def _page(look_at: float = 0.0) -> Page:
    page = made(b"<p>hello" * 10, b"text/html", "/a", Keep("/a", 1, lambda _: 1), now=look_at - LOOK_AGAIN)
    page.until = 1e9
    return page


def _scope(path: str, query: bytes) -> HTTPScope:
    visit = Visit("id", "127.0.0.1")
    return cast("HTTPScope", {"method": "GET", "path": path, "query_string": query, "state": {"visit": visit}})


async def _deaf(_message: Any) -> None:
    return
