"""No input makes a 500; each refusal has its status and its words; each answer carries the security headers."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from tests.web.edging import ERRORS, FROM_HERE, HERE, OUR_HOST, Opener, embedded, opening, raw
from web import problems, routes
from web.arguments import path_id
from web.bodies import DEEPEST, check_json
from web.edge.visit import Visit
from web.errors import Errors, explain, plain_page
from web.problems import BY_STATUS, Kind, Refused

STATUS = {
    "not-found": 404,
    "not-allowed": 403,
    "conflict": 409,
    "gone": 410,
    "invalid": 422,
    "too-many": 429,
    "unavailable": 503,
    "away": 503,
    "pool": 503,
    "bug": 500,
}


@pytest.fixture(scope="module")
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture(scope="module")
def here(open_site: Opener, tmp_path_factory: pytest.TempPathFactory) -> TestClient[Any]:
    return open_site(embedded(tmp_path_factory.mktemp("here")))


def test_every_error_of_the_test_site_has_its_status() -> None:
    assert STATUS.keys() == ERRORS.keys()


@pytest.mark.parametrize("name", ERRORS)
def test_people_get_a_page_and_programs_a_problem(here: TestClient[Any], name: str) -> None:
    page, problem = here.get(f"/fail/{name}"), here.get(f"/api/fail/{name}")
    assert page.status_code == problem.status_code == STATUS[name]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in page.text
    assert problem.headers["content-type"] == "application/problem+json"
    told = problem.json()
    assert told["status"] == STATUS[name]
    assert re.fullmatch(r"urn:loggia:problem:[a-z-]+", told["type"])
    assert told["instance"] == f"urn:loggia:request:{problem.headers['x-request-id']}"
    assert {page.headers["cache-control"], problem.headers["cache-control"]} == {"no-store"}
    assert "secret detail" not in page.text + problem.text
    assert "Traceback" not in page.text + problem.text


def test_what_is_wrong_with_each_field_is_told(here: TestClient[Any]) -> None:
    assert here.get("/api/fail/invalid").json()["errors"] == [{"field": "title", "detail": "A title needs words."}]


def test_who_shall_come_back_later_is_told_when(here: TestClient[Any]) -> None:
    assert here.get("/fail/too-many").headers["retry-after"] == "7"
    assert int(here.get("/fail/away").headers["retry-after"]) > 0


def test_the_number_of_the_request_is_on_the_page_that_says_it_failed(here: TestClient[Any]) -> None:
    answer = here.get("/fail/bug")
    assert answer.headers["x-request-id"] in answer.text


def test_errors_speak_the_reader_s_language(here: TestClient[Any]) -> None:
    answer = here.get("/nothing", headers={"accept-language": "it"})
    assert '<html lang="it"' in answer.text
    assert here.get("/api/nothing", headers={"accept-language": "it"}).json()["status"] == 404


def test_when_even_the_error_page_fails_a_plain_one_comes() -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("no template")

    visit = Visit("0123-4", "127.0.0.1")
    scope: Any = {"path": "/<script>", "method": "GET", "state": {"visit": visit}}
    answer = Errors(broken).answer(ZeroDivisionError(), scope)
    assert answer.status == 500
    assert answer.body == plain_page(explain(ZeroDivisionError()), visit)
    assert b"0123-4" in answer.body


def test_no_two_kinds_of_problem_share_a_name() -> None:
    kinds = [kind for kind in vars(problems).values() if isinstance(kind, Kind)]
    assert len({kind.name for kind in kinds}) == len(kinds)
    assert all(BY_STATUS[kind.status].status == kind.status for kind in kinds if kind.status in BY_STATUS)


# What hurts a decoder


JSON = {"content-type": "application/json"}
NEVER_500: dict[str, bytes] = {
    "nested 100,000 deep": b"[" * 100_000,
    "nested and closed": b'{"text":"x","anything":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects nested": b'{"a":' * 50_000,
    "not UTF-8": b'{"text": "\xff"}',
    "UTF-8 surrogate": b'{"text": "\xed\xa0\x80"}',
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"text": "x"}',
    "lone surrogate": b'{"text": "\\ud800"}',
    "NUL": b'{"text": "a\\u0000b"}',
    "NUL byte": b'{"text": "a\0b"}',
    "NUL in a name": b'{"text": "x", "\\u0000": 1}',
    "5,000 digits": b'{"text": "x", "number": ' + b"9" * 5_000 + b"}",
    "beyond 64 bits": b'{"text": "x", "number": 9223372036854775808}',
    "huge exponent": b'{"text": "x", "number": 1e999999}',
    "not a number": b'{"text": "x", "number": NaN}',
    "10^5 keys": b"{" + b",".join(b'"k%d":1' % n for n in range(60_000)) + b"}",
    "unknown field": b'{"text": "x", "colour": "red"}',
    "wrong type": b'{"text": 1}',
    "missing field": b"{}",
    "a list": b"[]",
    "null": b"null",
    "nothing": b"",
    "cut off": b'{"text": "x',
    "two": b'{"text": "x"}{"text": "y"}',
    "comment": b'{"text": "x"} // hello',
}


@pytest.mark.parametrize("case", NEVER_500)
def test_json_that_hurts_is_refused(here: TestClient[Any], case: str) -> None:
    answer = here.post("/api/echo", content=NEVER_500[case], headers=JSON)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "application/json; charset=utf-16", "a/b; json"])
def test_another_content_type_is_no_way_around(here: TestClient[Any], kind: str) -> None:
    answer = here.post("/api/echo", content=NEVER_500["nested 100,000 deep"], headers={"content-type": kind})
    assert 400 <= answer.status_code < 500


def test_a_backslash_before_the_escape_is_text(here: TestClient[Any]) -> None:
    body = b'{"text": "the escape is \\\\u0000"}'
    assert here.post("/api/echo", content=body, headers=JSON).json()["text"] == "the escape is \\u0000"
    for odd in (b'"\\\\\\u0000"', b'"a\\u0000"'):
        with pytest.raises(Refused):
            check_json(odd)


def test_depth_counts_outside_strings_alone() -> None:
    check_json(b'"' + b"[" * 1_000 + b'"')
    check_json(b"[" * DEEPEST + b"]" * DEEPEST)
    check_json(b"[" + b"[]," * 1_000 + b"[]]")
    with pytest.raises(Refused):
        check_json(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


def test_numbers_have_64_bits() -> None:
    for fine in (b"9223372036854775807", b"-9223372036854775808", b'"99999999999999999999"', b"0.99999999999999999999"):
        check_json(fine)
    for large in (
        b"9223372036854775808",
        b"-9223372036854775809",
        b"[1," + b"9" * 5_000 + b"]",
        b'{"a":' + b"1" * 20 + b"}",
    ):
        with pytest.raises(Refused):
            check_json(large)


@pytest.mark.parametrize("length", [2**20 + 1, 5 * 2**20])
def test_a_body_beyond_its_size_is_refused(here: TestClient[Any], length: int) -> None:
    assert here.post("/api/echo", content=b'"' + b"x" * length + b'"', headers=JSON).status_code == 413
    chunks = [b"x" * 2**16] * (length // 2**16 + 1)
    json = (b"content-type", b"application/json")
    assert raw(here.app, "/api/echo", OUR_HOST, json, method="POST", chunks=chunks).status == 413


BAD_IDS = [
    "0",
    "-1",
    "+1",
    "1_0",
    "01",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x1",
    "١",
    "１",
    "²",
    "१",
    "9" * 19,
    "9" * 5_000,
    "1\u200b",
    "NaN",
    "",
    "a",
]


@pytest.mark.parametrize("text", BAD_IDS)
def test_an_id_is_plain_digits_within_range(here: TestClient[Any], text: str) -> None:
    for method, path in (("GET", "/things/"), ("PUT", "/api/things/")):
        answer = raw(here.app, path + text, OUR_HOST, method=method)
        assert answer.status in (404, 405, 414), (text, answer.status)


def test_no_route_leaves_reading_an_id_to_the_framework() -> None:
    paths = [path for handler in routes.ROUTES for path in handler.paths]
    assert len(paths) > 20
    kinds = {found for path in paths for found in re.findall(r"\{\w+:(\w+)\}", path)}
    assert kinds <= {"str", "path"}


def test_the_largest_id_is_still_one() -> None:
    assert path_id(str(2**63 - 1)) == 2**63 - 1


@pytest.mark.parametrize(
    "query", ["page=0", "page=1001", "page=-1", "page=%2B1", "page=1_0", "page=x", "page=" + "9" * 500]
)
def test_arguments_have_caps(here: TestClient[Any], query: str) -> None:
    assert here.get(f"/things/1?{query}").status_code == 422


@given(st.binary(max_size=200))
def test_no_bytes_make_the_check_of_json_fail_otherwise(body: bytes) -> None:
    try:
        check_json(body)
    except Refused:
        return


# Headers


WANTED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def _every_answer(here: TestClient[Any]) -> Iterator[tuple[str, Any]]:
    paths = {path for handler in routes.ROUTES for path in handler.paths}
    for path in sorted(paths | {"/kept/a", "/things/1", "/nothing", "/api/nothing", "/fail/bug", "/api/openapi.json"}):
        for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
            address = re.sub(r"\{\w+:\w+\}", "1", path)
            yield f"{method} {path}", here.request(method, address, headers=FROM_HERE)
    yield "kept", here.get("/kept/a")
    yield "304", here.get("/kept/a", headers={"if-none-match": "*"})
    yield "wrong host", here.get("/kept/a", headers={"host": "evil.example"})
    yield "forged", here.post("/login")
    yield "too long", here.get("/" + "a" * 2_000)


def test_every_answer_carries_the_security_headers(here: TestClient[Any]) -> None:
    for what, answer in _every_answer(here):
        assert {name: answer.headers.get(name) for name in WANTED} == WANTED, what
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "cache-control" in answer.headers, what
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", answer.headers["x-request-id"]), what
        assert "strict-transport-security" not in answer.headers


def test_over_https_browsers_are_told_to_stay_there(
    open_site: Opener, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = "https://community.example.com"
    settings = embedded(tmp_path_factory.mktemp("https"), base_url=url)
    answer = open_site(settings, base_url=url).get("/nothing")
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "form-action 'self';" in answer.headers["content-security-policy"]
    assert "upgrade-insecure-requests" in answer.headers["content-security-policy"]


def test_what_is_not_kept_for_all_is_kept_by_nobody_in_between(open_site: Opener, here: TestClient[Any]) -> None:
    here = open_site.another(here)
    assert here.get("/things/1").headers["cache-control"] == "private, no-cache"
    assert here.get("/kept-form").headers["cache-control"] == "no-store"
    assert here.post("/api/echo", json={"text": "x"}).headers["cache-control"] == "no-store"


# Health and figures


def test_liveness_touches_nothing_and_readiness_the_database(here: TestClient[Any]) -> None:
    assert here.get("/health/live").text == "ok\n"
    assert here.get("/health/ready").text == "ok\n"


def test_readiness_fails_without_the_database_and_liveness_does_not(
    open_site: Opener, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("away")
    reader = open_site(embedded(folder, database_url="postgresql://nobody@127.0.0.1:1/none", secret_key="k" * 32))
    answer = reader.get("/health/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert reader.get("/health/live").status_code == 200


def test_figures_are_for_this_machine_or_a_token(open_site: Opener, tmp_path_factory: pytest.TempPathFactory) -> None:
    local = open_site(embedded(tmp_path_factory.mktemp("local")))
    local.get("/things/1")
    local.get("/things/2")
    told = raw(local.app, "/metrics", OUR_HOST)
    assert told.status == 200
    assert b'loggia_requests_total{method="GET",route="/things/{thing_id}",status="200"} 2.0' in told.body
    assert raw(local.app, "/metrics", OUR_HOST, (b"x-forwarded-for", b"127.0.0.1")).status == 404
    assert local.get("/metrics").status_code == 404  # the test client's address is none

    token = open_site(embedded(tmp_path_factory.mktemp("token"), metrics_token="m" * 32))
    assert raw(token.app, "/metrics", OUR_HOST).status == 404
    assert token.get("/metrics", headers={"authorization": "Bearer " + "m" * 31}).status_code == 404
    with_token = {"authorization": "Bearer " + "m" * 32, "host": "10.0.0.7:8000"}
    assert token.get("/metrics", headers=with_token).status_code == 200


def test_the_description_of_the_api_is_served(here: TestClient[Any]) -> None:
    described = here.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert HERE not in str(described["paths"])
