"""Signed CloudEvents: against the published vectors and schema, an independent verifier, and a receiver that misbehaves."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import standardwebhooks

from crm_sync import signing
from crm_sync.connectors import open_remote
from crm_sync.ports import Failure, Later, Refused, Remote, Unauthorised, Unsure
from crm_sync.retry_after import retry_after
from forum.kernel import clock
from forum.kernel.egress import Client
from forum.kernel.settings import Settings
from tests.crm_sync import make
from tests.installing import settings_for
from tests.servers.webhooks import CUT, Answer, Received, Receiver
from tests.shared import shared_data


def vectors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared_data("data/standard-webhooks") / "vectors.json").read_text())
    return found


def test_the_published_vectors_are_judged_as_published() -> None:
    for vector in vectors():
        headers = {
            name: str(vector[name]) for name in vector if name.startswith("webhook-") and vector[name] is not None
        }
        judged = signing.verified(headers, vector["body"].encode(), [vector["secret"]], now=vector["now"])
        assert judged is vector["valid"], vector["name"]


def test_what_we_sign_is_what_the_published_vector_says() -> None:
    vector = vectors()[0]
    ours = signing.signed(
        vector["webhook-id"], vector["webhook-timestamp"], vector["body"].encode(), [vector["secret"]]
    )
    assert ours["webhook-signature"] == vector["webhook-signature"]


def test_a_message_id_with_a_full_stop_is_never_signed() -> None:
    with pytest.raises(ValueError, match="full stop"):
        signing.signed("a.b", 1, b"", [make.SECRET])


@pytest.mark.parametrize(
    ("secret", "usable"),
    [(make.SECRET, True), ("whsec_c2hvcnQ=", False), ("not base64!", False)],
)
def test_only_secrets_of_the_scheme_are_usable(secret: str, usable: bool) -> None:
    assert signing.usable(secret) is usable


def test_a_new_secret_is_usable_and_no_other_is_like_it() -> None:
    made = {signing.new_secret() for _ in range(20)}
    assert len(made) == 20
    assert all(signing.usable(secret) for secret in made)


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver) -> Settings:
    return make.allowing(settings_for(f"sqlite:///{tmp_path / 'unused.sqlite'}", tmp_path), receiver.url)


@pytest.fixture
def webhook(tmp_path: Path, settings: Settings, receiver: Receiver) -> Remote:
    return open_remote("webhook", make.setup(tmp_path, Client(settings), url=f"{receiver.url}/hook"))


def only(receiver: Receiver) -> Received:
    (request,) = receiver.received
    return request


def test_an_independent_receiver_verifies_it(webhook: Remote, receiver: Receiver) -> None:
    receipt = webhook.put_case(make.case(), None, make.key())
    request = only(receiver)
    event = standardwebhooks.Webhook(make.SECRET).verify(request.body, dict(request.headers))
    assert event["id"] == request.headers["webhook-id"] == "e1"
    assert event["data"]["record"]["title"] == "Pump is silent"
    assert (receipt.outcome, receipt.remote_id) == ("created", "loggia-1a2b:case:7")


@pytest.mark.parametrize("what", ["case", "idea", "article", "withdrawn", "check"])
def test_every_message_is_a_valid_cloud_event(webhook: Remote, receiver: Receiver, what: str) -> None:
    _say(webhook, what)
    event = json.loads(only(receiver).body)
    schema = json.loads((shared_data("data/cloudevents") / "schema" / "cloudevents.json").read_text())
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(event)
    assert only(receiver).headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert (event["specversion"], event["source"]) == ("1.0", make.URL)
    assert all(name.isalnum() and name.islower() for name in event)  # attribute names of the specification, section 3


def _say(webhook: Remote, what: str) -> None:
    if what == "case":
        webhook.put_case(make.case(), None, make.key())
    elif what == "idea":
        webhook.put_idea(make.idea(), None, make.key(kind="idea"))
    elif what == "article":
        webhook.put_article(make.article(), None, make.key(kind="article"))
    elif what == "withdrawn":
        webhook.withdraw("case", None, make.key())
    else:
        webhook.check()


def test_taking_back_says_so_and_carries_no_words(webhook: Remote, receiver: Receiver) -> None:
    webhook.withdraw("case", None, make.key())
    event = json.loads(only(receiver).body)
    assert event["type"] == "loggia.case.withdrawn"
    assert event["data"] == {"key": "loggia-1a2b:case:7", "record": None}


def test_a_repetition_has_the_same_id_and_body_and_a_time_of_its_own(webhook: Remote, receiver: Receiver) -> None:
    for minutes in (0, 9):
        with clock.at(make.NOON + timedelta(minutes=minutes)):
            webhook.put_case(make.case(), None, make.key())
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 540


def test_while_secrets_change_both_verify(tmp_path: Path, settings: Settings, receiver: Receiver) -> None:
    fresh = signing.new_secret()
    setup = make.setup(tmp_path, Client(settings), url=receiver.url, secrets=(fresh, make.SECRET))
    open_remote("webhook", setup).put_case(make.case(), None, make.key())
    request = only(receiver)
    for secret in (fresh, make.SECRET):
        assert standardwebhooks.Webhook(secret).verify(request.body, dict(request.headers))["id"] == "e1"


@pytest.mark.parametrize(
    ("answer", "failure", "scope", "after"),
    [
        (Answer(429, headers={"Retry-After": "7"}), Later, "connection", 7),
        (Answer(429), Later, "connection", 60),
        (Answer(503, headers={"Retry-After": "7"}), Later, "connection", 7),
        (Answer(503), Later, "endpoint", None),
        (Answer(500), Later, "endpoint", None),
        (Answer(408), Later, "endpoint", None),
        (Answer(400, b"product: not on the list"), Refused, None, None),
        (Answer(404), Refused, None, None),
        (Answer(422), Refused, None, None),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), Refused, None, None),
        (Answer(401), Unauthorised, None, None),
        (Answer(403), Unauthorised, None, None),
        (Answer(410), Unauthorised, None, None),
        (CUT, Unsure, None, None),
    ],
)
def test_every_answer_has_its_failure(
    webhook: Remote, receiver: Receiver, answer: Answer, failure: type[Failure], scope: str | None, after: int | None
) -> None:
    receiver.answer = answer
    with pytest.raises(failure) as raised:
        webhook.put_case(make.case(), None, make.key())
    assert getattr(raised.value, "scope", None) == scope
    waits = getattr(raised.value, "after", None)
    assert (waits and waits.total_seconds()) == after
    assert len(receiver.received) == 1


def test_what_the_receiver_says_is_shown_to_people(webhook: Remote, receiver: Receiver) -> None:
    receiver.answer = Answer(400, b"product:\n  not on the list\x00" + b"!" * 1000)
    with pytest.raises(Refused) as raised:
        webhook.put_case(make.case(), None, make.key())
    assert str(raised.value.text).startswith("The receiver answered 400: product: not on the list!")
    assert len(str(raised.value.text)) < 300


def test_nobody_listening_is_later_not_unsure(tmp_path: Path, settings: Settings) -> None:
    closed = "http://127.0.0.1:9"
    remote = open_remote("webhook", make.setup(tmp_path, Client(make.allowing(settings, closed)), url=closed))
    with pytest.raises(Later) as raised:
        remote.put_case(make.case(), None, make.key())
    assert raised.value.scope == "endpoint"


def test_an_address_that_may_not_be_called_holds_the_connection(tmp_path: Path, settings: Settings) -> None:
    remote = open_remote("webhook", make.setup(tmp_path, Client(settings), url="http://127.0.0.1:9/"))
    with pytest.raises(Unauthorised, match="LOGGIA_EGRESS_ALLOW"):
        remote.put_case(make.case(), None, make.key())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0"}, 1),
        ({"Retry-After": "999999999999"}, 86400),
        ({"Retry-After": "Mon, 02 Mar 2026 12:00:30 GMT"}, 30),
        # their clock is an hour fast: their own Date shows it
        ({"Retry-After": "Mon, 02 Mar 2026 13:00:30 GMT", "Date": "Mon, 02 Mar 2026 13:00:00 GMT"}, 30),
        ({"Retry-After": "Sun, 01 Mar 2026 12:00:00 GMT"}, 1),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back(headers: dict[str, str], seconds: int | None) -> None:
    wait = retry_after(headers, make.NOON)
    assert (wait and wait.total_seconds()) == seconds
