"""Every POST of the API honours `Idempotency-Key`: sent twice it takes effect once and answers alike; for another body it is refused.

A POST that is not tried here fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.tables import Group, Invitation, MailDelivery
from forum.notifications.tables import Notification
from forum.threads.tables import Category, Post, Thread
from moderation.tables import Decision, Flag
from tests.crm_sync import make as crm
from tests.forum import making
from tests.web.calling import Site, calling
from web.routes import ROUTES

REASON: Final = "It had to be so, as everybody can read."
Way = tuple[str, dict[str, Any], dict[str, Any] | str, Any]
"""The address, what is sent, what is sent under the same key later (or to where), and the table in which the effect is counted."""


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


def _opening(database: Database, actor: Actor) -> Way:
    with database.transaction() as session:
        sent = {
            "kind": "question",
            "category": making.category(session).slug,
            "title": making.TITLE,
            "body": making.BODY,
        }
    return "/threads", sent, sent | {"title": "Another title, and a long one"}, Thread


def _replying(database: Database, actor: Actor) -> Way:
    with database.transaction() as session:
        path = f"/threads/{making.thread(session).id}/posts"
    return path, {"body": making.REPLY}, {"body": "Something else entirely, as one sees."}, Post


def _flagging(database: Database, actor: Actor) -> Way:
    with database.transaction() as session:
        post = making.opening(session, making.thread(session)).id
    return "/flags", {"post": post, "reason": "spam"}, {"post": post, "reason": "unkind"}, Flag


def _deciding(database: Database, actor: Actor) -> Way:
    with database.transaction() as session:
        thread = making.thread(session).id
    sent = {"action": "close-thread", "target": thread, "text": REASON, "rule": "0", "reason": "other"}
    return "/moderation/actions", sent, sent | {"text": REASON + " Again."}, Decision


def _arranging(database: Database, actor: Actor) -> Way:
    sent = {"slug": f"kettles-{now():%f}", "name": "Kettles", "kinds": ["question"]}
    return "/categories", sent, sent | {"name": "Pots"}, Category


def _grouping(database: Database, actor: Actor) -> Way:
    sent = {"name": f"Roasters {now():%f}", "kind": "manual"}
    return "/groups", sent, sent | {"name": "Grinders"}, Group


def _inviting(database: Database, actor: Actor) -> Way:
    sent = {"role": "member", "most": 1, "days": 7}
    return "/invitations", sent, sent | {"most": 2}, Invitation


def _replaying(database: Database, actor: Actor) -> Way:
    with database.transaction() as session:
        connection = crm.connection(name=f"desk-{now():%f}", connector="journal")
        session.add(connection)
        session.flush()
        parked = [crm.delivery(connection_id=connection.id, state="parked", local_id=10**6 + n) for n in range(2)]
        session.add_all(parked)
        session.flush()
        one, another = (f"/crm/deliveries/{delivery.id}/replay" for delivery in parked)
    return one, {}, another, None


def _mail(database: Database, do: str) -> Way:
    with database.transaction() as session:
        parked = [
            MailDelivery(
                kind="verify", cause=f"{do} {now():%f} {n}", state="parked", not_before=now(), created_at=now()
            )
            for n in range(2)
        ]
        session.add_all(parked)
        session.flush()
        one, another = (f"/mails/{mail.id}/{do}" for mail in parked)
    return one, {}, another, None


def _mailing(database: Database, actor: Actor) -> Way:
    return _mail(database, "replay")


def _giving_up(database: Database, actor: Actor) -> Way:
    return _mail(database, "give-up")


def _marking(database: Database, actor: Actor) -> Way:
    return "/notifications/read", {}, {"up_to": 1}, None


WAYS: Final[dict[str, Callable[[Database, Actor], Way]]] = {
    "/api/v1/threads": _opening,
    "/api/v1/threads/{thread_id:str}/posts": _replying,
    "/api/v1/flags": _flagging,
    "/api/v1/moderation/actions": _deciding,
    "/api/v1/categories": _arranging,
    "/api/v1/groups": _grouping,
    "/api/v1/invitations": _inviting,
    "/api/v1/crm/deliveries/{delivery_id:str}/replay": _replaying,
    "/api/v1/mails/{mail_id:str}/replay": _mailing,
    "/api/v1/mails/{mail_id:str}/give-up": _giving_up,
    "/api/v1/notifications/read": _marking,
}


def test_every_post_of_the_api_is_tried() -> None:
    posts = {path for route in ROUTES if "POST" in route.http_methods for path in route.paths}
    assert {path for path in posts if path.startswith("/api/")} == set(WAYS)


@pytest.mark.parametrize("path", WAYS)
def test_it_takes_effect_once_and_answers_alike(site: Site, database: Database, path: str) -> None:
    with database.transaction() as session:
        chief = making.administrator(session)
    program = site.as_(chief, "read", "write", "moderate", "administer")
    address, sent, other, counted = WAYS[path](database, chief)

    def effects() -> int:
        if counted is None:
            return 0
        with database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(counted.__table__)).scalar_one())

    def call(body: dict[str, Any] | str, key: str) -> Any:
        to, body = (body, sent) if isinstance(body, str) else (address, body)
        headers = {**program._headers, "idempotency-key": key}
        return site.client.post("/api/v1" + to, json=body, headers=headers)

    before = effects()
    first, second = call(sent, "a key"), call(sent, "a key")
    assert first.is_success, first.text
    assert (second.status_code, _kept(second)) == (first.status_code, _kept(first))
    assert effects() == before + (counted is not None)
    assert call(other, "a key").status_code in (400, 409, 422)
    assert effects() == before + (counted is not None)
    assert call(sent, "x" * 256).status_code == 422
    assert {"ratelimit", "ratelimit-policy"} <= set(first.headers)


def _kept(answer: Any) -> Any:
    """What an answer says, but for a link that is told once: whoever sends the request again gets no second look at it."""
    return {name: value for name, value in answer.json().items() if name != "link"} if answer.content else None


def test_marking_news_again_under_its_key_leaves_what_came_since(site: Site, database: Database) -> None:
    with database.transaction() as session:
        reader = making.member(session)
        thread = making.thread(session).id

    def told() -> None:
        with database.transaction() as session:
            session.add(
                Notification(
                    member_id=reader.member_id or 0,
                    kind="answer",
                    thread_id=thread,
                    cause=f"{now():%f}",
                    created_at=now(),
                )
            )

    program = site.as_(reader)
    told()
    program("POST", "/notifications/read", {}, status=204, Idempotency_Key="once")
    told()
    program("POST", "/notifications/read", {}, status=204, Idempotency_Key="once")
    assert program("GET", "/me")["unread"] == 1
    program("POST", "/notifications/read", {}, status=204, Idempotency_Key="another")
    assert program("GET", "/me")["unread"] == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/threads"),
        ("GET", "/nothing"),
        ("GET", "/me"),
        ("POST", "/threads"),
        ("PATCH", "/me"),
        ("POST", "/nothing"),
    ],
)
def test_every_answer_says_what_is_left(site: Site, method: str, path: str) -> None:
    answer = site.client.request(method, "/api/v1" + path)
    assert {"ratelimit", "ratelimit-policy"} <= set(answer.headers)
    forged = site.client.request(method, "/api/v1" + path, headers={"cookie": "session=" + "t" * 43})
    assert {"ratelimit", "ratelimit-policy"} <= set(forged.headers), forged.text
