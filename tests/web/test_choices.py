"""The footer's choices: kept in a cookie, with the account where there is one, and back to where one was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Request, get
from litestar.testing import TestClient

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import accounts, signing_in
from forum.members.tables import Member
from web.app import create_app
from web.edge.csrf import form_token

Choose = Callable[..., tuple[int, str, list[str]]]
FROM_HERE = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}


@get("/token", sync_to_thread=True)
def token_of_a_form(request: Request[Any, Any, Any]) -> str:
    return form_token(request)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient[Any]]:
    app = create_app(settings, handlers=[token_of_a_form])
    client: TestClient[Any] = TestClient(app, base_url="http://127.0.0.1:8000")
    client.follow_redirects = False
    yield client
    app.site.state["loggia"].db.dispose()


def signed_in(client: TestClient[Any], database: Database, handle: str) -> int:
    """Register somebody and give the browser their session."""
    with database.transaction() as session:
        member = accounts.register(
            session, handle=handle, mail=f"{handle}@example.com", password="a long enough sentence"
        )
        session.flush()
        client.cookies.set("session", signing_in.sign_in(session, member_id=member.id), domain="127.0.0.1")
        return member.id


@pytest.fixture
def choose(client: TestClient[Any]) -> Choose:
    def post(path: str, token: str = "", **fields: str) -> tuple[int, str, list[str]]:
        answer = client.post(path, data=fields, headers={**FROM_HERE, "x-csrf-token": token})
        return answer.status_code, answer.headers.get("location", ""), answer.headers.get_list("set-cookie")

    return post


def test_a_language_is_kept_and_one_is_back_where_one_was(choose: Choose) -> None:
    status, location, cookies = choose("/locale", locale="it", next="/t/1/duo?page=2")
    assert (status, location) == (303, "/t/1/duo?page=2")
    assert cookies == ["locale=it; Path=/; Max-Age=31536000; SameSite=Lax"]


def test_a_theme_is_kept_until_it_is_given_back(choose: Choose) -> None:
    assert choose("/theme", theme="dark")[2] == ["theme=dark; Path=/; Max-Age=31536000; SameSite=Lax"]
    assert choose("/theme", theme="system")[2] == ["theme=; Path=/; Max-Age=0; SameSite=Lax"]


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1"])
def test_no_choice_leads_to_another_site(choose: Choose, elsewhere: str) -> None:
    assert choose("/theme", theme="dark", next=elsewhere)[1] == "/"


@pytest.mark.parametrize(("path", "field", "value"), [("/theme", "theme", "pink"), ("/locale", "locale", "xx")])
def test_only_what_is_offered_can_be_chosen(choose: Choose, path: str, field: str, value: str) -> None:
    status, _, cookies = choose(path, **{field: value})
    assert (status, cookies) == (422, [])


def test_the_account_keeps_the_language(choose: Choose, client: TestClient[Any], database: Database) -> None:
    member_id = signed_in(client, database, "giulia")
    assert choose("/locale", client.get("/token").text, locale="it")[0] == 303
    with database.transaction() as session:
        kept = session.get(Member, member_id)
        assert kept is not None
        assert kept.locale == "it"


def test_whoever_is_signed_in_chooses_with_the_token_of_a_page(
    choose: Choose, client: TestClient[Any], database: Database
) -> None:
    signed_in(client, database, "ruth")
    assert choose("/locale", locale="it")[0] == 403
