"""A session is what the table says, made anew at every sign-in, and never what a browser brings along."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import event, func, select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import signing_in, tokens
from forum.members.actors import actor_of, actor_signed_in
from forum.members.tables import ApiToken, SignIn
from tests.installing import settings_for
from tests.web.edging import FROM_HERE, PASSWORD, Opener, csrf_in, embedded, opening, registered, sign_in

SECURE = "https://community.example.com"
CHOSEN = "attackerchosenattackerchosenattackerchosen"


@pytest.fixture(scope="module")
def members(database: Database) -> list[int]:
    return registered(database, "marta", "joe")


@pytest.fixture(scope="module")
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture(scope="module")
def site(open_site: Opener, settings: Settings, members: list[int]) -> TestClient[Any]:
    return open_site(settings)


@pytest.fixture
def browser(open_site: Opener, site: TestClient[Any]) -> TestClient[Any]:
    return open_site.another(site)


def who(browser: TestClient[Any]) -> str:
    return browser.get("/me").text.partition("\n")[0]


def test_a_chosen_session_is_never_adopted(browser: TestClient[Any], members: list[int]) -> None:
    chosen = {"cookie": f"session={CHOSEN}"}
    page = browser.get("/login", headers=chosen)
    assert any(cookie.startswith("session=;") for cookie in page.headers.get_list("set-cookie"))
    form = {"csrf": csrf_in(page.text), "login": "marta", "password": PASSWORD}
    kept = {"cookie": f"session={CHOSEN}; form={browser.cookies['form']}"}
    browser.cookies.clear()
    answer = browser.post("/login", data=form, headers={**FROM_HERE, **kept})
    assert answer.status_code == 403  # the form was made for nobody's session, and this one says that it is somebody's
    browser.cookies.clear()
    assert sign_in(browser, "marta") != CHOSEN
    browser.cookies.clear()
    assert browser.get("/me", headers=chosen).text.startswith("\n")


def test_each_sign_in_makes_a_new_token_and_ends_the_old_one(browser: TestClient[Any], members: list[int]) -> None:
    first = sign_in(browser, "marta")
    token = browser.get("/me").text.partition("\n")[2]
    form = {"csrf": token, "login": "joe@example.com", "password": PASSWORD}
    assert browser.post("/login", data=form, headers=FROM_HERE).status_code == 303
    assert browser.cookies["session"] != first
    assert who(browser) == "joe"
    browser.cookies.clear()
    assert browser.get("/me", headers={"cookie": f"session={first}"}).text.startswith("\n")


def test_signing_out_ends_it_on_the_server_too(browser: TestClient[Any], members: list[int]) -> None:
    token = sign_in(browser, "marta")
    answer = browser.post("/logout", data={"csrf": browser.get("/me").text.partition("\n")[2]}, headers=FROM_HERE)
    assert answer.status_code == 303
    assert "session" not in browser.cookies
    browser.cookies.set("session", token)
    assert who(browser) == ""


def test_a_session_that_is_over_is_taken_back(browser: TestClient[Any], database: Database, members: list[int]) -> None:
    sign_in(browser, "marta")
    with database.transaction() as session:
        signing_in.end_all(session, member_id=members[0])
    answer = browser.get("/me")
    assert answer.text.startswith("\n")
    assert any("session=;" in cookie and "Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))


def test_the_token_itself_is_stored_nowhere(browser: TestClient[Any], database: Database, members: list[int]) -> None:
    token = sign_in(browser, "marta")
    with database.reading() as connection:
        stored = connection.execute(select(SignIn.token_hash)).scalars().all()
    assert token not in stored
    assert signing_in.token_hash(token) in stored


def test_reading_as_nobody_sets_no_cookie(browser: TestClient[Any]) -> None:
    for path in ("/kept/a", "/things/1", "/nothing", "/health/live"):
        assert "set-cookie" not in browser.get(path).headers


def test_the_last_visit_is_noted_at_most_once_a_minute(
    browser: TestClient[Any], database: Database, members: list[int]
) -> None:
    token = sign_in(browser, "marta")
    noted = select(SignIn.last_seen_at).where(SignIn.token_hash == signing_in.token_hash(token))
    with database.reading() as connection:
        at_first = connection.execute(noted).scalar_one()
    who(browser)
    with database.reading() as connection:
        assert connection.execute(noted).scalar_one() == at_first
    with database.transaction() as session:
        row = session.scalars(select(SignIn).where(SignIn.token_hash == signing_in.token_hash(token))).one()
        row.last_seen_at = at_first - timedelta(minutes=2)
    assert browser.get("/me").headers["set-cookie"].startswith(f"session={token}; Path=/; Max-Age=")
    assert "set-cookie" not in browser.get("/me").headers
    with database.reading() as connection:
        assert connection.execute(noted).scalar_one() >= at_first


def test_a_bearer_token_speaks_for_its_member_within_its_scopes(
    browser: TestClient[Any], database: Database, members: list[int]
) -> None:
    with database.transaction() as session:
        token = tokens.create(session, actor_of(session, members[1]), name="script", scopes=["read"])
    bearer = {"authorization": f"Bearer {token}"}
    assert browser.get("/api/mine", headers=bearer).text == "joe"
    with database.reading() as connection:
        used = select(func.count()).where(
            ApiToken.token_hash == signing_in.token_hash(token), ApiToken.last_used_at.is_not(None)
        )
        assert connection.execute(used).scalar_one() == 1


def test_a_token_for_reading_changes_nothing(browser: TestClient[Any], database: Database, members: list[int]) -> None:
    with database.transaction() as session:
        made = {
            scopes: tokens.create(session, actor_of(session, members[1]), name="script", scopes=scopes.split())
            for scopes in ("read", "read write")
        }
    for scopes, status in (("read", 403), ("read write", 200)):
        answer = browser.put("/api/mine", headers={"authorization": f"Bearer {made[scopes]}"})
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["detail"] == "This token may only read."


def test_knowing_who_asks_takes_one_select(browser: TestClient[Any], database: Database, members: list[int]) -> None:
    token = sign_in(browser, "marta")
    ran: list[str] = []
    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: ran.append(args[2]))
        found = actor_signed_in(connection, token)
    assert found is not None
    assert (found[0], found[1], len(ran)) == (_actor(database, members[0]), False, 1)


def _actor(database: Database, member: int) -> Actor:
    with database.reading() as connection:
        return actor_of(connection, member)


def test_a_bearer_token_makes_the_cookie_count_for_nothing(browser: TestClient[Any], members: list[int]) -> None:
    sign_in(browser, "marta")
    answer = browser.get("/api/mine", headers={"authorization": "Bearer loggia_wrong"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_who_must_sign_in_is_led_there_and_back(browser: TestClient[Any]) -> None:
    answer = browser.get("/mine?page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/mine%3Fpage%3D2"
    assert browser.get("/api/mine").status_code == 401


def test_over_https_the_cookie_is_bound_to_this_host(open_site: Opener, tmp_path: Path) -> None:
    answer = open_site(embedded(tmp_path, base_url=SECURE), base_url=SECURE).get("/kept-form")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"__Host-form=[\w-]{43}; Path=/; SameSite=Lax; Secure; HttpOnly", cookie)


def test_over_https_a_cookie_without_the_prefix_counts_for_nothing(
    open_site: Opener, settings: Settings, database: Database, members: list[int], tmp_path: Path
) -> None:
    with database.transaction() as session:
        token = signing_in.sign_in(session, member_id=members[0])
    browser = open_site(settings_for(settings.database_url, tmp_path, base_url=SECURE), base_url=SECURE)
    assert browser.get("/me", headers={"cookie": f"session={token}"}).text.startswith("\n")
    assert browser.get("/me", headers={"cookie": f"__Host-session={token}"}).text.startswith("marta\n")
    twice = f"__Host-session={token}; __Host-session={CHOSEN}"
    assert browser.get("/me", headers={"cookie": twice}).text.startswith("\n")
