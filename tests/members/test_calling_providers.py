"""The calls to a provider that misbehaves: what is believed, what is remembered, what is asked again, and where nobody calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from forum.kernel import clock
from forum.kernel.settings import Settings
from forum.members.oidc import Away, NotBelieved, Trusted
from forum.members.oidc.directory import AWAY_LIFE, KEYS_LIFE, METADATA_LIFE, Directory, is_safe
from forum.members.oidc.flow import Flow
from tests.installing import settings_for
from tests.servers import webhooks
from tests.servers.webhooks import CUT, Answer, Receiver

FIRST, SECOND = (RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}) for name in ("one", "two"))
STATE = "a state that nobody guesses"


class Desk:
    """A provider of our own making, which answers by path, so that a test can spoil one answer."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.signs_with: Any = FIRST
        self.publishes: list[Any] = [FIRST]
        self.spoilt: dict[str, Answer] = {}
        self.more: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        receiver.record = self._record  # type: ignore[method-assign]
        self.asked: list[str] = []
        self.sent: list[dict[str, list[str]]] = []

    @property
    def issuer(self) -> str:
        return self.receiver.url

    def _record(self, request: webhooks.Received) -> Answer:
        path = urlsplit(request.path).path
        self.asked.append(path)
        if path == "/token":
            self.sent.append(parse_qs(request.body.decode()))
        if path in self.spoilt:
            return self.spoilt[path]
        return Answer(200, json.dumps(self._answer(path)).encode(), {"content-type": "application/json"})

    def _answer(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys", "userinfo_endpoint": f"{self.issuer}/userinfo", **self.more,
            }  # fmt: skip
        if path == "/keys":
            return {"keys": [key.as_dict(private=False) for key in self.publishes]}
        if path == "/userinfo":
            return {"sub": "anna", "email": "anna@example.org", "email_verified": True}
        now = int(clock.now().timestamp())
        claims = {"iss": self.issuer, "sub": "anna", "aud": "loggia", "iat": now, "exp": now + 60, "nonce": self.nonce}
        token = jwt.encode({"alg": "RS256", "kid": self.signs_with.kid}, claims | self.claims, self.signs_with)
        return {"access_token": "an access token", "token_type": "Bearer", "id_token": token}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with webhooks.running() as receiver:
        yield Desk(receiver)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for("sqlite:///never-opened", tmp_path)


def trusted(desk: Desk, **changed: Any) -> Trusted:
    known: dict[str, Any] = {
        "id": 1, "slug": "desk", "name": "Desk", "issuer": desk.issuer, "client_id": "loggia", "secret": "s",
        "is_from_environment": True,
    }  # fmt: skip
    return Trusted(**(known | changed))


def flow(desk: Desk, settings: Settings, directory: Directory | None = None, **changed: Any) -> Flow:
    made = Flow(
        settings=settings, directory=directory or Directory(), provider=trusted(desk, **changed), state=STATE
    )  # fmt: skip
    desk.nonce = parse_qs(urlsplit(made.address()).query)["nonce"][0]
    return made


def test_somebody_comes_with_what_token_and_userinfo_say(desk: Desk, settings: Settings) -> None:
    said = flow(desk, settings).who_came("a code", issuer=None)
    assert (said.issuer, said.subject, said.address, said.address_is_verified) == (
        desk.issuer, "anna", "anna@example.org", True,
    )  # fmt: skip
    [sent] = desk.sent
    assert sent["grant_type"] == ["authorization_code"]
    assert len(sent["code_verifier"][0]) == 43
    assert sent["redirect_uri"] == [f"{settings.base_url}/login/with/desk/callback"]


def test_what_is_made_of_a_state_differs_by_state_provider_and_installation(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    other = settings_for("sqlite:///never-opened", tmp_path, secret_key="f" * 64)
    ways = [
        Flow(settings=house, directory=Directory(), provider=trusted(desk, id=number), state=state).address()
        for house in (settings, other)
        for number in (1, 2)
        for state in (STATE, STATE + "!")
    ]
    made = {parse_qs(urlsplit(way).query)[name][0] for way in ways for name in ("nonce", "code_challenge")}
    assert len(made) == 2 * len(ways)


def test_what_userinfo_says_of_somebody_else_is_left_aside(desk: Desk, settings: Settings) -> None:
    desk.spoilt["/userinfo"] = Answer(200, b'{"sub": "mallory", "email": "root@example.org", "email_verified": true}')
    assert flow(desk, settings).who_came("a code", issuer=None).address == ""


@pytest.mark.parametrize(
    "answer", [Answer(500, b"no"), Answer(200, b"<html>"), Answer(200, b"[1]"), Answer(401, b"{}")]
)
def test_userinfo_that_says_nothing_is_no_obstacle(desk: Desk, settings: Settings, answer: Answer) -> None:
    desk.spoilt["/userinfo"] = answer
    assert flow(desk, settings).who_came("a code", issuer=None).subject == "anna"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, b'{"error": "invalid_grant", "error_description": "used"}'),
        Answer(200, b"{}"),
        Answer(200, b'{"access_token": "x", "token_type": "Bearer"}'),
        Answer(200, b'{"access_token": "x", "token_type": "Bearer", "id_token": 7}'),
        Answer(200, b'{"access_token": "x", "token_type": "Bearer", "id_token": "a.b.c"}'),
        Answer(200, b"[]"),
        Answer(200, b"<html>"),
        Answer(429, b"slow down"),
    ],
)
def test_a_code_that_brings_no_good_token_proves_nothing(desk: Desk, settings: Settings, answer: Answer) -> None:
    going = flow(desk, settings)
    desk.spoilt["/token"] = answer
    with pytest.raises((NotBelieved, Away)) as refusal:
        going.who_came("a code", issuer=None)
    assert "a code" not in str(getattr(refusal.value, "reason", "a code"))


@pytest.mark.parametrize("answer", [CUT, Answer(200, b"x" * 300_000), Answer(500, b"{}")])
def test_a_token_endpoint_that_breaks_is_away(desk: Desk, settings: Settings, answer: Answer) -> None:
    going = flow(desk, settings)
    desk.spoilt["/token"] = answer
    with pytest.raises(Away, match="Desk cannot be reached right now"):
        going.who_came("a code", issuer=None)


def test_a_code_that_is_none_is_not_even_sent(desk: Desk, settings: Settings) -> None:
    going = flow(desk, settings)
    for code in ("", "x" * 5_000):
        with pytest.raises(NotBelieved):
            going.who_came(code, issuer=None)
    assert "/token" not in desk.asked


def test_keys_that_changed_are_fetched_once_more_and_once_only(desk: Desk, settings: Settings) -> None:
    directory = Directory()
    flow(desk, settings, directory).who_came("a code", issuer=None)
    assert desk.asked.count("/keys") == 1
    desk.signs_with, desk.publishes = SECOND, [SECOND]
    flow(desk, settings, directory).who_came("a code", issuer=None)
    assert desk.asked.count("/keys") == 2
    desk.signs_with = FIRST
    with pytest.raises(NotBelieved):
        flow(desk, settings, directory).who_came("a code", issuer=None)
    assert desk.asked.count("/keys") == 3


def test_other_faults_of_a_token_fetch_no_keys(desk: Desk, settings: Settings) -> None:
    desk.claims = {"aud": "another"}
    with pytest.raises(NotBelieved):
        flow(desk, settings).who_came("a code", issuer=None)
    assert desk.asked.count("/keys") == 1


def test_what_was_found_out_is_remembered_and_forgotten(desk: Desk) -> None:
    directory, provider, moment = Directory(), trusted(desk), clock.now()
    for later, metadata, keys in (
        (timedelta(0), 1, 1),
        (METADATA_LIFE / 2, 1, 1),
        (METADATA_LIFE * 2, 2, 1),
        (KEYS_LIFE * 2, 3, 2),
    ):
        with clock.at(moment + later):
            directory.keys(provider, ())
        counted = (desk.asked.count("/.well-known/openid-configuration"), desk.asked.count("/keys"))
        assert counted == (metadata, keys), later


def test_who_did_not_answer_is_not_asked_by_everybody(desk: Desk) -> None:
    directory, provider, moment = Directory(), trusted(desk), clock.now()
    desk.spoilt["/.well-known/openid-configuration"] = Answer(503)
    for later in (timedelta(0), AWAY_LIFE / 2):
        with clock.at(moment + later), pytest.raises(Away):
            directory.metadata(provider, ())
    assert len(desk.asked) == 1
    desk.spoilt.clear()
    with clock.at(moment + AWAY_LIFE * 2):
        assert directory.metadata(provider, ()).issuer == desk.issuer


@pytest.mark.parametrize(
    "more",
    [
        {"issuer": "https://attacker.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "https://user:word@id.example"},
        {"token_endpoint": 7},
        {"jwks_uri": None},
    ],
)
def test_a_description_that_is_not_sound_is_not_believed(desk: Desk, more: dict[str, Any]) -> None:
    desk.more = more
    with pytest.raises(Away):
        Directory().metadata(trusted(desk), ())


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404), Answer(302, b"", {"location": "http://127.0.0.1:1/"}), Answer(200, b"<html>"), Answer(200, b"\xff"),
        Answer(200, b"[" * 100_000), Answer(200, b"x" * 300_000), CUT,
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_read_is_none(desk: Desk, answer: Answer) -> None:
    desk.spoilt["/.well-known/openid-configuration"] = answer
    with pytest.raises(Away):
        Directory().metadata(trusted(desk), ())


def test_a_private_network_is_closed_to_providers_that_an_administrator_typed(desk: Desk, settings: Settings) -> None:
    provider = trusted(desk, is_from_environment=False)
    with pytest.raises(Away) as refusal:
        Directory().metadata(provider, ())
    door = desk.issuer.removeprefix("http://")
    assert refusal.value.door == door
    assert desk.asked == []
    assert Directory().metadata(provider, (door,)).issuer == desk.issuer


def test_the_environments_provider_opens_its_own_door_alone(desk: Desk) -> None:
    desk.more = {"jwks_uri": "http://127.0.0.1:1/keys"}
    with pytest.raises(Away) as refusal:
        Directory().keys(trusted(desk), ())
    assert refusal.value.door == "127.0.0.1:1"


def test_a_provider_without_secret_is_asked_without_one(desk: Desk, settings: Settings) -> None:
    flow(desk, settings, secret="").who_came("a code", issuer=None)
    assert desk.sent[0]["client_id"] == ["loggia"]
    assert "client_secret" not in desk.sent[0]


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(desk: Desk, settings: Settings) -> None:
    desk.more = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    flow(desk, settings).who_came("a code", issuer=None)
    assert desk.sent[0]["client_secret"] == ["s"]


def test_a_provider_shows_its_secret_nowhere(desk: Desk) -> None:
    provider = trusted(desk, secret="hunter2")
    assert "hunter2" not in repr(provider)
    assert "hunter2" not in str(Away(provider, "no"))
    assert "hunter2" not in msgspec.json.encode(Directory().metadata(provider, ())).decode()


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example", True),
        ("https://id.example:8443/realms/x", True),
        ("http://127.0.0.1:9000", True),
        ("http://id.example", False),
        ("https://", False),
        ("https://id.example#x", False),
        ("https://a:b@id.example", False),
        ("https://id.example:port", False),
        ("https://id .example", False),
        ("ftp://id.example", False),
        ("//id.example", False),
    ],
)
def test_addresses_are_safe_or_not(address: str, safe: bool) -> None:
    assert is_safe(address) is safe
