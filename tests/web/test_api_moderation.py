"""Moderation over the API: reports, the queue, decisions, and a log that anybody can check with what it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Post
from moderation import decisions
from moderation.tables import Flag
from tests.forum import making
from tests.moderation.deciding import WHY, decided
from tests.web.calling import HERE, Caller, Json, Site, calling


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


@pytest.fixture(scope="module")
def people(database: Database) -> dict[str, Actor]:
    with database.transaction() as session:
        return {
            "member": making.member(session),
            "moderator": making.moderator(session),
            "administrator": making.administrator(session),
        }


@pytest.fixture
def moderator(site: Site, people: dict[str, Actor]) -> Caller:
    return site.as_(people["moderator"], "read", "write", "moderate")


@pytest.fixture
def post(database: Database) -> Post:
    with database.transaction() as session:
        return making.reply(session, making.thread(session))


def decision(post: Post, **changes: Any) -> Json:
    return {"action": "hide-post", "target": post.id, "rule": "4", "reason": "personal-data", "text": WHY, **changes}


# Reports and the queue


def test_a_report_is_made_once_however_often_it_is_sent(
    site: Site, database: Database, people: dict[str, Actor], post: Post
) -> None:
    caller = site.as_(people["member"])
    for key in ("a", "a", "b"):
        sent = {"post": post.id, "reason": "spam", "note": "A shop window"}
        assert caller("POST", "/flags", sent, status=201, idempotency_key=f"{post.id}-{key}") == {"post": post.id}
    with database.transaction() as session:
        assert [flag.note for flag in session.scalars(select(Flag).where(Flag.post_id == post.id))] == ["A shop window"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"reason": "mood"}, 422),
        ({"post": 999_999}, 404),
        ({"post": 0}, 422),
        ({"post": "x"}, 422),
        ({"why": "x"}, 422),
        ({"note": "x" * 501}, 422),
    ],
)
def test_reports_that_are_refused(site: Site, people: dict[str, Actor], post: Post, change: Json, status: int) -> None:
    site.as_(people["member"])("POST", "/flags", {"post": post.id, "reason": "spam", **change}, status=status)


def test_nobody_reports_without_signing_in_or_to_write(site: Site, people: dict[str, Actor], post: Post) -> None:
    site.nobody("POST", "/flags", {"post": post.id, "reason": "spam"}, status=401)
    site.as_(people["member"], "read")("POST", "/flags", {"post": post.id, "reason": "spam"}, status=403)


def test_the_queue_page_by_page(
    site: Site, moderator: Caller, people: dict[str, Actor], database: Database, post: Post
) -> None:
    site.as_(people["member"])("POST", "/flags", {"post": post.id, "reason": "abuse", "note": "Rude"}, status=201)
    seen: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        page = moderator("GET", f"/moderation/queue?limit=1&cursor={cursor}")
        seen += page["items"]
        cursor = page["next"]
    assert [item["oldest_at"] for item in seen] == sorted(item["oldest_at"] for item in seen)
    (own,) = (item for item in seen if item["post"] == post.id)
    assert (own["reports"], own["reasons"], own["notes"], own["url"]) == (1, ["abuse"], ["Rude"], f"{HERE}/p/{post.id}")
    assert "Clean the chute" in own["html"]


def test_the_queue_is_for_moderators_with_the_scope(site: Site, people: dict[str, Actor]) -> None:
    site.nobody("GET", "/moderation/queue", status=401)
    site.as_(people["member"])("GET", "/moderation/queue", status=403)
    site.as_(people["moderator"], "read", "write")("GET", "/moderation/queue", status=403)


# Deciding


def test_a_decision_is_made_once_under_its_key(site: Site, moderator: Caller, post: Post) -> None:
    first = moderator("POST", "/moderation/actions", decision(post), status=201, idempotency_key=f"hide-{post.id}")
    again = moderator("POST", "/moderation/actions", decision(post), status=201, idempotency_key=f"hide-{post.id}")
    assert first == again
    entry = first["entry"]
    assert (entry["action"], entry["rule"], entry["reason"], entry["role"], entry["automated"]) == (
        "hide-post", "4", "personal-data", "moderator", False,
    )  # fmt: skip
    assert (entry["target"], entry["text"], entry["undoes"]) == (post.id, WHY, None)
    moderator("POST", "/moderation/actions", decision(post), status=409)
    undone = moderator("POST", "/moderation/actions", decision(post, action="restore-post"), status=201)["entry"]
    assert undone["undoes"] == entry["number"]


def test_keeping_a_post_makes_no_entry(site: Site, moderator: Caller, people: dict[str, Actor], post: Post) -> None:
    site.as_(people["member"])("POST", "/flags", {"post": post.id, "reason": "spam"}, status=201)
    kept = moderator("POST", "/moderation/actions", {"action": "keep-post", "target": post.id}, status=201)
    assert kept == {"entry": None}
    moderator("POST", "/moderation/actions", {"action": "keep-post", "target": post.id}, status=409)


def test_threads_are_decided_on_as_a_whole(moderator: Caller, post: Post) -> None:
    for action in ("close-thread", "reopen-thread", "hide-thread", "restore-thread"):
        sent = decision(post, action=action, target=post.thread_id)
        entry = moderator("POST", "/moderation/actions", sent, status=201)["entry"]
        assert (entry["action"], entry["target_kind"], entry["thread"]) == (action, "thread", post.thread_id)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"text": "No."}, 422),
        ({"rule": "99"}, 422),
        ({"reason": "mood"}, 422),
        ({"action": "idea-status"}, 422),
        ({"action": "redact"}, 422),
        ({"target": 999_999}, 404),
        ({"target": 2**64}, 400),
        ({"status": "planned"}, 422),
    ],
)
def test_decisions_that_are_refused(moderator: Caller, post: Post, change: Json, status: int) -> None:
    moderator("POST", "/moderation/actions", decision(post, **change), status=status)


def test_only_moderators_with_the_scope_decide(site: Site, people: dict[str, Actor], post: Post) -> None:
    site.nobody("POST", "/moderation/actions", decision(post), status=401)
    site.as_(people["member"])("POST", "/moderation/actions", decision(post), status=403)
    for scopes in (["read", "moderate"], ["read", "write"]):
        site.as_(people["moderator"], *scopes)("POST", "/moderation/actions", decision(post), status=403)


# The public log


def read_log(caller: Caller) -> list[Json]:
    entries: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        page = caller("GET", f"/moderation/log?limit=3&cursor={cursor}")
        entries += page["items"]
        cursor = page["next"]
    return entries[::-1]


def prefixed(field: bytes) -> bytes:
    return len(field).to_bytes(4, "big") + field


def own_hash(entry: Json) -> str:
    """Written after the description on the page, without a line of the house's code."""
    since = datetime.fromisoformat(entry["at"]) - datetime(1970, 1, 1, tzinfo=UTC)
    words = [entry[name] for name in ("action", "rule", "reason", "role")]
    fields = [
        str(entry["number"]).encode(), bytes.fromhex(entry["previous"]), str(since // timedelta(microseconds=1)).encode(),
        *(word.encode() for word in words), b"1" if entry["automated"] else b"0", entry["target_kind"].encode(),
        bytes.fromhex(entry["commitment"]),
    ]  # fmt: skip
    return hashlib.sha256(b"".join(map(prefixed, fields))).hexdigest()


def own_commitment(entry: Json) -> str:
    target = f"{entry['target_kind']}:{entry['target']}"
    return hashlib.sha256(
        bytes.fromhex(entry["salt"]) + prefixed(entry["text"].encode()) + prefixed(target.encode())
    ).hexdigest()


def test_anybody_can_check_the_whole_log_with_what_it_shows(
    site: Site, database: Database, people: dict[str, Actor], post: Post
) -> None:
    with database.transaction() as session:
        redacted = decided(session, people["moderator"], "hide-post", post)
        decided(session, people["moderator"], "hide-thread", making.thread(session))
        decisions.redact(session, people["administrator"], number=redacted.number, text="It named a person.")
    entries = read_log(site.nobody)
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    previous = "00" * 32
    for entry in entries:
        assert entry["previous"] == previous
        assert entry["hash"] == own_hash(entry) == (previous := entry["hash"])
        if entry["salt"] is not None:
            assert entry["commitment"] == own_commitment(entry)
    closed = next(entry for entry in entries if entry["number"] == redacted.number)
    assert (closed["redacted"], closed["salt"], closed["text"], closed["target"]) == (True, None, None, None)
    assert entries[-1]["action"] == "redact"
    assert entries[-1]["undoes"] == redacted.number
    unseen = entries[-2]
    assert (unseen["action"], unseen["redacted"], unseen["salt"], unseen["title"]) == ("hide-thread", False, None, None)


@pytest.mark.parametrize("query", ["action=redact", "rule=4", "role=administrator"])
def test_the_log_can_be_narrowed(site: Site, database: Database, people: dict[str, Actor], query: str) -> None:
    with database.transaction() as session:
        subject = making.reply(session, making.thread(session))
        entry = decided(session, people["moderator"], "hide-post", subject)
        decisions.redact(session, people["administrator"], number=entry.number, text="It named a person.")
    name, value = query.split("=")
    found = site.nobody("GET", f"/moderation/log?limit=100&{query}")["items"]
    assert found
    assert {entry[name] for entry in found} == {value}


def test_an_entry_has_an_address_for_people(site: Site, database: Database, people: dict[str, Actor]) -> None:
    with database.transaction() as session:
        entry = decided(session, people["moderator"], "close-thread", making.thread(session))
    (shown,) = site.nobody("GET", "/moderation/log?limit=1")["items"]
    assert shown["url"] == f"{HERE}/transparency/{entry.number}"
