"""What changes something comes from our own pages: every combination of origin, token and credential."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import signing_in, tokens
from forum.members.actors import actor_of
from tests.web.edging import FROM_HERE, HERE, OUR_HOST, PASSWORD, Opener, csrf_in, opening, raw, registered
from web.edge.csrf import BOUND_PATHS, Tokens
from web.edge.limits import Limits
from web.edge.visit import Visit

ORIGINS: dict[str, tuple[dict[str, str], bool]] = {
    "both say here": (FROM_HERE, True),
    "origin alone": ({"origin": HERE}, True),
    "fetch alone": ({"sec-fetch-site": "same-origin"}, True),
    "another name of this machine": ({"origin": "http://localhost:8000"}, True),
    "nothing": ({}, False),
    "referrer alone": ({"referer": HERE + "/me"}, False),
    "another site": ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, False),
    "sibling": ({"sec-fetch-site": "same-site", "origin": "http://other.127.0.0.1:8000"}, False),
    "typed": ({"sec-fetch-site": "none"}, False),
    "they disagree": ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False),
    "they disagree otherwise": ({"sec-fetch-site": "cross-site", "origin": HERE}, False),
    "null": ({"origin": "null"}, False),
    "other port": ({"origin": "http://127.0.0.1:8001"}, False),
    "other scheme": ({"origin": "https://127.0.0.1:8000"}, False),
    "begins alike": ({"origin": HERE + ".evil.example"}, False),
    "with a path": ({"origin": HERE + "/"}, False),
    "two": ({"origin": f"{HERE} https://evil.example"}, False),
    "empty": ({"origin": ""}, False),
}


@pytest.fixture(scope="module")
def member(database: Database) -> int:
    return registered(database, "marta")[0]


@pytest.fixture(scope="module")
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture(scope="module")
def site(open_site: Opener, settings: Settings) -> TestClient[Any]:
    return open_site(settings, limits=Limits(reading=None, writing=None, signing_in=None))


@pytest.fixture
def anyone(open_site: Opener, site: TestClient[Any]) -> TestClient[Any]:
    return open_site.another(site)


@pytest.fixture
def browser(anyone: TestClient[Any], database: Database, member: int) -> TestClient[Any]:
    with database.transaction() as session:
        anyone.cookies.set("session", signing_in.sign_in(session, member_id=member))
    return anyone


def token_of(browser: TestClient[Any]) -> str:
    return str(browser.get("/me").text.partition("\n")[2])


@pytest.mark.parametrize("case", ORIGINS)
@pytest.mark.parametrize("path", ["/change", "/api/change"])
def test_with_a_session_both_origin_and_token_must_be_right(browser: TestClient[Any], case: str, path: str) -> None:
    headers, from_here = ORIGINS[case]
    token = token_of(browser)
    assert browser.post(path, headers=headers, data={"csrf": token}).status_code == (200 if from_here else 403)
    assert browser.post(path, headers=headers).status_code == 403
    assert browser.post(path, headers={**headers, "x-csrf-token": token}).status_code == (200 if from_here else 403)


@pytest.mark.parametrize("case", ORIGINS)
def test_without_a_session_the_origin_is_enough(anyone: TestClient[Any], case: str) -> None:
    headers, from_here = ORIGINS[case]
    assert anyone.post("/change", headers=headers, data={"theme": "dark"}).status_code == (200 if from_here else 403)
    assert anyone.post("/api/change", headers=headers, content=b"{}").status_code == 200


@pytest.mark.parametrize("path", sorted(BOUND_PATHS))
@pytest.mark.parametrize("case", ORIGINS)
def test_signing_in_needs_the_token_of_the_form_s_own_page(anyone: TestClient[Any], case: str, path: str) -> None:
    headers, from_here = ORIGINS[case]
    assert anyone.post(path, headers=headers, data={"login": "marta"}).status_code == 403
    answer = anyone.post(path, headers=headers, data={"csrf": csrf_in(anyone.get(path).text), "login": "marta"})
    assert answer.status_code == (422 if from_here else 403)


def test_a_token_is_good_for_its_own_session_alone(
    open_site: Opener, site: TestClient[Any], browser: TestClient[Any], database: Database, member: int
) -> None:
    other = open_site.another(site)
    with database.transaction() as session:
        other.cookies.set("session", signing_in.sign_in(session, member_id=member))
    anonymous = open_site.another(site)
    for foreign in (token_of(other), csrf_in(anonymous.get("/login").text)):
        assert browser.post("/change", headers=FROM_HERE, data={"csrf": foreign}).status_code == 403
    assert browser.post("/change", headers=FROM_HERE, data={"csrf": token_of(browser)}).status_code == 200


def test_the_form_s_token_ends_with_signing_in(anyone: TestClient[Any], member: int) -> None:
    token = csrf_in(anyone.get("/login").text)
    assert anyone.cookies["form"]
    form = {"csrf": token, "login": "marta", "password": PASSWORD}
    assert anyone.post("/login", headers=FROM_HERE, data=form).status_code == 303
    assert "form" not in anyone.cookies
    assert anyone.post("/change", headers=FROM_HERE, data={"csrf": token}).status_code == 403


def test_a_program_with_a_token_of_its_own_needs_neither(
    browser: TestClient[Any], database: Database, member: int
) -> None:
    with database.transaction() as session:
        bearer = tokens.create(session, actor_of(session, member), name="script", scopes=["write"])
    headers = {"authorization": f"Bearer {bearer}", "sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post("/api/change", headers=headers, content=b"{}").status_code == 200


def test_another_scheme_of_authorization_frees_nobody(browser: TestClient[Any]) -> None:
    assert browser.post("/change", headers={"authorization": "Basic bWU6bWU="}).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "LINK", "post"])
def test_every_method_that_is_not_known_to_be_harmless_counts(browser: TestClient[Any], method: str) -> None:
    assert browser.request(method, "/change").status_code == 403


def test_the_field_is_found_wherever_it_stands_and_the_body_stays_whole(browser: TestClient[Any]) -> None:
    token = token_of(browser)
    cookie = (b"cookie", f"session={browser.cookies['session']}".encode())
    form = (b"content-type", b"application/x-www-form-urlencoded")
    whole = b"a=1&b=" + b"x" * 5_000 + b"&csrf=" + token.encode() + b"&c=3"
    for chunks in ([whole], [whole[:3], whole[3:]], [bytes([byte]) for byte in whole], [whole, b""]):
        headers = (OUR_HOST, cookie, form, (b"origin", HERE.encode()))
        answer = raw(browser.app, "/change", *headers, method="POST", chunks=chunks)
        assert (answer.status, answer.body) == (200, whole)


def test_the_field_of_a_form_with_files_is_found(browser: TestClient[Any]) -> None:
    files = {"file": ("a.txt", b"csrf=" + b"A" * 36, "text/plain")}
    assert browser.post("/change", headers=FROM_HERE, files=files).status_code == 403
    data = {"csrf": token_of(browser), "title": "x"}
    assert browser.post("/change", headers=FROM_HERE, data=data, files=files).status_code == 200


def test_a_form_that_never_comes_to_its_token_is_not_read_to_its_end(browser: TestClient[Any]) -> None:
    cookie = (b"cookie", f"session={browser.cookies['session']}".encode())
    form = (b"content-type", b"application/x-www-form-urlencoded")
    late = [b"a=" + b"x" * 65_536, b"&csrf=" + token_of(browser).encode()]
    headers = (OUR_HOST, cookie, form, (b"origin", HERE.encode()))
    assert raw(browser.app, "/change", *headers, method="POST", chunks=late).status == 403


def test_tokens_differ_each_time_and_bend_in_no_character() -> None:
    makes, visit = Tokens("k" * 32), Visit("id", "127.0.0.1", token="t" * 43)
    token = makes.make(visit)
    assert token != makes.make(visit)
    assert makes.fits(token, visit)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert not makes.fits(token[:place] + other + token[place + 1 :], visit)
    for wrong in ("", token[:-1], token + "A", token + "=", " " + token, "é" * 36, "A" * 36, token.lower()):
        assert not makes.fits(wrong, visit)
    assert not Tokens("j" * 32).fits(token, visit)
    assert not makes.fits(token, Visit("id", "127.0.0.1", token="u" * 43))
    assert not makes.fits(token, Visit("id", "127.0.0.1", form_key="t" * 43))
    assert not makes.fits(token, Visit("id", "127.0.0.1"))
