"""Oneself over the API: what one says and prefers, one's consents, one's tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.forum import making
from tests.web.calling import Caller, Site, calling


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


@pytest.fixture
def marta(database: Database) -> Actor:
    with database.transaction() as session:
        return making.member(session)


@pytest.fixture
def program(site: Site, marta: Actor) -> Caller:
    return site.as_(marta)


def test_what_is_named_changes_and_the_rest_stays(program: Caller) -> None:
    program("PATCH", "/me", {"name": "Marta Oliveira", "bio": "Two *levers*."})
    changed = program("PATCH", "/me", {"time_zone": "Europe/Rome", "unlisted": True})
    assert (changed["name"], changed["bio"], changed["time_zone"]) == ("Marta Oliveira", "Two *levers*.", "Europe/Rome")
    assert (changed["unlisted"], changed["hides_activity"], changed["locale"]) == (True, False, "")
    changed = program("PATCH", "/me", {"locale": "it", "hides_activity": True, "unlisted": False})
    assert (changed["locale"], changed["time_zone"]) == ("it", "Europe/Rome")
    assert program("GET", "/me") == changed
    assert program("PATCH", "/me", {}) == changed


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"bio": "x" * 2_001},
        {"time_zone": "Europe/Roma"},
        {"locale": "xx"},
        {"unlisted": "yes"},
        {"name": None},
        {"role": "administrator"},
        {"points": 9},
        {"handle": "somebody"},
    ],
)
def test_nothing_else_can_be_said(program: Caller, wrong: dict[str, object]) -> None:
    before = program("GET", "/me")
    assert program.answer.status_code == 200
    answer = program._client.patch("/api/v1/me", json={"bio": "Changed.", **wrong}, headers=program._headers)
    assert answer.status_code in (400, 422)
    assert program("GET", "/me") == before


def test_a_token_that_only_reads_changes_nothing(site: Site, marta: Actor) -> None:
    reader = site.as_(marta, "read")
    reader("PATCH", "/me", {"bio": "x"}, status=403)
    reader("PUT", "/me/consents/cases", {"given": True}, status=403)
    (token,) = reader("GET", "/me/tokens")["items"]
    reader("DELETE", f"/me/tokens/{token['id']}", status=403)
    site.nobody("PATCH", "/me", {"bio": "x"}, status=401)
    site.nobody("GET", "/me/consents", status=401)
    site.nobody("GET", "/me/tokens", status=401)


def test_consent_is_given_and_taken_back(program: Caller) -> None:
    assert program("GET", "/me/consents")["items"] == [
        {"purpose": "cases", "given": False, "at": None},
        {"purpose": "ideas", "given": False, "at": None},
    ]
    said = program("PUT", "/me/consents/ideas", {"given": True})
    assert (said["purpose"], said["given"]) == ("ideas", True)
    assert program("PUT", "/me/consents/ideas", {"given": True}) == said
    assert not program("PUT", "/me/consents/ideas", {"given": False})["given"]
    program("PUT", "/me/consents/everything", {"given": True}, status=404)
    program("PUT", "/me/consents/ideas", {"given": "yes"}, status=422)


def test_tokens_are_listed_and_revoked_but_never_made(site: Site, marta: Actor) -> None:
    program, other = site.as_(marta), site.as_(marta, "read")
    newest, oldest = program("GET", "/me/tokens")["items"]
    assert (newest["scopes"], newest["expires_at"]) == (["read"], None)
    assert "token" not in str(sorted(newest))
    program("DELETE", f"/me/tokens/{newest['id']}", status=204)
    other("GET", "/me", status=401)
    program("DELETE", f"/me/tokens/{newest['id']}", status=404)
    program("DELETE", f"/me/tokens/{oldest['id']}", status=204)
    program("GET", "/me", status=401)
    assert site.as_(marta)._client.post("/api/v1/me/tokens", json={"name": "x"}).status_code == 405


def test_a_token_of_somebody_else_is_not_found_and_lives_on(site: Site, database: Database, marta: Actor) -> None:
    with database.transaction() as session:
        stranger = making.administrator(session)
    program, attacker = site.as_(marta), site.as_(stranger, "read", "write", "moderate", "administer")
    (token,) = program("GET", "/me/tokens")["items"]
    for wrong in (token["id"], 2**62, 0, "x", "-1"):
        attacker("DELETE", f"/me/tokens/{wrong}", status=404)
    program("GET", "/me")
