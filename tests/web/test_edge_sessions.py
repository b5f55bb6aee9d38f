"""A session is what the table says, made anew at every sign-in, and never what a browser brings along."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import func, select

from forum.kernel import clock
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import signing_in, tokens
from forum.members.actors import actor_of
from forum.members.tables import ApiToken, Member, SignIn
from tests.web.edging import FROM_HERE, Opener, embedded, opening, settings_for

SECURE = "https://community.example.com"
CHOSEN = "attackerchosenattackerchosenattackerchosen"


@pytest.fixture(scope="module")
def members(database: Database) -> tuple[int, int]:
    with database.transaction() as session:
        made = [
            Member(handle=name, handle_key=name, name=name.title(), created_at=clock.now()) for name in ("marta", "joe")
        ]
        session.add_all(made)
        session.flush()
        return made[0].id, made[1].id


@pytest.fixture
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture
def browser(open_site: Opener, settings: Settings, members: tuple[int, int]) -> TestClient[Any]:
    return open_site(settings)


def sign_in(browser: TestClient[Any], member: int) -> str:
    """Through the form; returns the session's token."""
    form = {"csrf": browser.get("/login").text, "member": str(member)}
    answer = browser.post("/login", data=form, headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    return str(browser.cookies["session"])


def who(browser: TestClient[Any]) -> str:
    return browser.get("/me").text.partition("\n")[0]


def test_a_chosen_session_is_never_adopted(browser: TestClient[Any], members: tuple[int, int]) -> None:
    chosen = {"cookie": f"session={CHOSEN}"}
    form = {"csrf": browser.get("/login", headers=chosen).text, "member": str(members[0])}
    browser.cookies.clear()
    answer = browser.post("/login", data=form, headers={**FROM_HERE, **chosen})
    assert answer.status_code == 303
    assert browser.cookies["session"] != CHOSEN
    assert who(browser) == "marta"
    browser.cookies.clear()
    assert browser.get("/me", headers=chosen).text.startswith("\n")


def test_each_sign_in_makes_a_new_token(browser: TestClient[Any], members: tuple[int, int]) -> None:
    first = sign_in(browser, members[0])
    assert who(browser) == "marta"
    token = browser.get("/me").text.partition("\n")[2]
    again = browser.post("/login", data={"csrf": token, "member": str(members[1])}, headers=FROM_HERE)
    assert again.status_code == 303
    assert browser.cookies["session"] != first
    assert who(browser) == "joe"


def test_signing_out_ends_it_on_the_server_too(browser: TestClient[Any], members: tuple[int, int]) -> None:
    token = sign_in(browser, members[0])
    answer = browser.post("/logout", data={"csrf": browser.get("/me").text.partition("\n")[2]}, headers=FROM_HERE)
    assert answer.text == "out"
    assert "session" not in browser.cookies
    browser.cookies.set("session", token)
    assert who(browser) == ""


def test_a_session_that_is_over_is_taken_back(
    browser: TestClient[Any], database: Database, members: tuple[int, int]
) -> None:
    sign_in(browser, members[0])
    with database.transaction() as session:
        signing_in.end_all(session, member_id=members[0])
    answer = browser.get("/me")
    assert answer.text.startswith("\n")
    assert any("session=;" in cookie and "Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))


def test_the_token_itself_is_stored_nowhere(
    browser: TestClient[Any], database: Database, members: tuple[int, int]
) -> None:
    token = sign_in(browser, members[0])
    with database.reading() as connection:
        stored = connection.execute(select(SignIn.token_hash)).scalars().all()
    assert token not in stored
    assert signing_in.token_hash(token) in stored


def test_reading_as_nobody_sets_no_cookie(browser: TestClient[Any]) -> None:
    for path in ("/kept/a", "/things/1", "/nothing", "/health/live"):
        assert "set-cookie" not in browser.get(path).headers


def test_the_last_visit_is_noted_at_most_once_a_minute(
    browser: TestClient[Any], database: Database, members: tuple[int, int]
) -> None:
    token = sign_in(browser, members[0])
    noted = select(SignIn.last_seen_at).where(SignIn.token_hash == signing_in.token_hash(token))
    with database.reading() as connection:
        at_first = connection.execute(noted).scalar_one()
    who(browser)
    with database.reading() as connection:
        assert connection.execute(noted).scalar_one() == at_first
    with database.transaction() as session:
        row = session.scalars(select(SignIn).where(SignIn.token_hash == signing_in.token_hash(token))).one()
        row.last_seen_at = at_first - timedelta(minutes=2)
    who(browser)
    with database.reading() as connection:
        assert connection.execute(noted).scalar_one() >= at_first


def test_a_bearer_token_speaks_for_its_member_within_its_scopes(
    browser: TestClient[Any], database: Database, members: tuple[int, int]
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


def test_a_bearer_token_makes_the_cookie_count_for_nothing(browser: TestClient[Any], members: tuple[int, int]) -> None:
    sign_in(browser, members[0])
    answer = browser.get("/api/mine", headers={"authorization": "Bearer loggia_wrong"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_who_must_sign_in_is_led_there_and_back(browser: TestClient[Any]) -> None:
    answer = browser.get("/mine?page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/mine%3Fpage%3D2"
    assert browser.get("/api/mine").status_code == 401


def test_over_https_the_cookie_is_bound_to_this_host(open_site: Opener, tmp_path: Path) -> None:
    answer = open_site(embedded(tmp_path, base_url=SECURE), base_url=SECURE).get("/login")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"__Host-form=[\w-]{43}; Path=/; SameSite=Lax; Secure; HttpOnly", cookie)


def test_over_https_a_cookie_without_the_prefix_counts_for_nothing(
    open_site: Opener, settings: Settings, database: Database, members: tuple[int, int], tmp_path: Path
) -> None:
    with database.transaction() as session:
        token = signing_in.sign_in(session, member_id=members[0])
    browser = open_site(settings_for(settings.database_url, tmp_path, base_url=SECURE), base_url=SECURE)
    assert browser.get("/me", headers={"cookie": f"session={token}"}).text.startswith("\n")
    assert browser.get("/me", headers={"cookie": f"__Host-session={token}"}).text.startswith("marta\n")
    twice = f"__Host-session={token}; __Host-session={CHOSEN}"
    assert browser.get("/me", headers={"cookie": twice}).text.startswith("\n")
