"""The site answers at its own address alone, and believes only trusted proxies."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.web.edging import OUR_HOST, Opener, embedded, opening, raw
from web.edge.host import Proxies, own_hosts, own_origins

REFUSED = [
    *("", " ", "example.com", "community.example", "community.example.com.", "community.example.com:8443"),
    *(
        "community.example.com:",
        "community.example.com:443:443",
        "community.example.com:0443",
        "acommunity.example.com",
    ),
    *("www.community.example.com", "communityXexample.com", "community.example.com.evil.example"),
    *("community.example.com@evil.example", "evil.example@community.example.com", "community.example.com/evil"),
    *("community.example.com#evil", "community.example.com?evil", "community.example.com, evil.example"),
    *("evil.example, community.example.com", "community.example.com evil.example", "https://community.example.com"),
    *("//community.example.com", "[community.example.com]", "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"),
    *("0", "2130706433", "community%2eexample.com", "community.example.com%00", "COMMUNITY.EXAMPLE.COM.", "*", "null"),
    *(".community.example.com", "community..example.com", "community.example.com:-1", "community.example.com:443a"),
    *(
        "xn--community.example.com",
        "community.example.com\\evil",
        "community.example.com;evil",
        "user:pw@community.example.com",
    ),
]
TAKEN = ["community.example.com", "Community.Example.COM", "community.example.com:443"]


@pytest.fixture(scope="module")
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture(scope="module")
def public(open_site: Opener, tmp_path_factory: pytest.TempPathFactory) -> TestClient[Any]:
    url = "https://community.example.com"
    settings = embedded(tmp_path_factory.mktemp("public"), base_url=url, trusted_proxies="10.0.0.0/8 ::1")
    return open_site(settings, base_url=url)


@pytest.mark.parametrize("host", REFUSED)
def test_a_host_that_is_not_ours_is_refused(public: TestClient[Any], host: str) -> None:
    answer = public.get("/things/1", headers={"host": host})
    assert answer.status_code == 400
    assert host.strip(" .") in ("", "*", "0", "null") or f"//{host}" not in answer.text


@pytest.mark.parametrize("host", TAKEN)
def test_every_spelling_of_our_own_host_is_taken(public: TestClient[Any], host: str) -> None:
    assert public.get("/things/1", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "header", ["x-forwarded-host", "forwarded", "x-host", "x-original-host", "x-http-host-override"]
)
def test_a_visitor_cannot_forward_another_host(public: TestClient[Any], header: str) -> None:
    evil = {"host": "evil.example", header: "community.example.com"}
    assert public.get("/things/1", headers=evil).status_code == 400
    ours = {"host": "community.example.com", header: "evil.example"}
    assert public.get("/things/1", headers=ours).status_code == 200


def test_probes_are_answered_whatever_host_they_name(public: TestClient[Any]) -> None:
    assert public.get("/health/live", headers={"host": "10.1.2.3:8000"}).status_code == 200
    assert public.get("/metrics", headers={"host": "10.1.2.3:8000"}).status_code == 400


def test_on_loopback_its_other_names_are_the_same_site() -> None:
    assert own_hosts("http://localhost:8000") == {b"localhost:8000", b"127.0.0.1:8000", b"[::1]:8000"}
    assert own_origins("http://127.0.0.1") == {"http://localhost", "http://127.0.0.1", "http://[::1]"}
    assert own_origins("https://a.example:8443") == {"https://a.example:8443"}


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", b"198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"6.6.6.6, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.0.0.1", b"10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", b"198.51.100.1:443", "198.51.100.1"),
        ("10.0.0.1", b"[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", b"nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", b"198.51.100.1", "198.51.100.1"),
    ],
)
def test_who_asks_is_the_first_that_is_no_proxy_of_ours(peer: str, forwarded_for: bytes, client: str) -> None:
    assert Proxies(["10.0.0.0/8"]).client(peer, forwarded_for) == client


@pytest.fixture(scope="module")
def here(open_site: Opener, tmp_path_factory: pytest.TempPathFactory) -> TestClient[Any]:
    return open_site(embedded(tmp_path_factory.mktemp("here")))


@pytest.mark.parametrize(
    "path", ["/things/1", "/kept/a", "/nothing", "/fail/bug", "/health/live", "/api/fail/conflict"]
)
def test_head_is_get_without_its_body(here: TestClient[Any], path: str) -> None:
    plain = {"accept-encoding": "identity"}
    asked, headed = here.get(path, headers=plain), here.request("HEAD", path, headers=plain)
    assert headed.status_code == asked.status_code
    assert headed.content == b""
    varying = {"x-request-id", "date", "content-length"} if "bug" in path else {"x-request-id", "date"}
    assert without(headed.headers, varying) == without(asked.headers, varying)
    assert int(headed.headers["content-length"]) > 0


def without(headers: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


TORN = [
    [OUR_HOST, (b"host", b"evil.example")],
    [OUR_HOST, (b"origin", b"http://127.0.0.1:8000"), (b"origin", b"http://evil.example")],
    [OUR_HOST, (b"content-length", b"1"), (b"content-length", b"2")],
    [OUR_HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
    [OUR_HOST, (b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")],
    [],
]


@pytest.mark.parametrize("headers", TORN)
def test_what_can_be_read_in_two_ways_is_refused(here: TestClient[Any], headers: list[tuple[bytes, bytes]]) -> None:
    assert raw(here.app, "/things/1", *headers).status == 400


def test_a_head_beyond_its_size_is_refused(here: TestClient[Any]) -> None:
    many = [(b"x-%d" % number, b"") for number in range(100)]
    assert raw(here.app, "/things/1", OUR_HOST, *many).status == 431
    assert raw(here.app, "/things/1", OUR_HOST, (b"x", b"a" * 16_384)).status == 431
    assert raw(here.app, "/" + "a" * 1_024, OUR_HOST).status == 414
    assert raw(here.app, "/things/1", OUR_HOST, query=b"a&" * 10_000).status == 414


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/things/\0", b"", 400),
        ("/things/\ud800", b"", 400),
        ("/things/a\ufffd", b"", 400),
        ("*", b"", 404),
        ("", b"", 404),
        ("/things/1", b"page=%00", 400),
        ("/things/1", b"page=%ff", 400),
        ("/things/1", b"page=%ed%a0%80", 400),
        ("/things/1", b"page=\xff", 400),
        ("/things/1", b"other=%C3%A9", 200),
    ],
)
def test_an_address_that_cannot_be_stored_is_refused(
    here: TestClient[Any], path: str, query: bytes, status: int
) -> None:
    assert raw(here.app, path, OUR_HOST, query=query).status == status
