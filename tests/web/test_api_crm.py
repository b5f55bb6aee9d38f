"""Connections and deliveries over the API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import delete, select

from crm_sync import connections
from crm_sync.tables import CrmDelivery, DeliveryStep, packed
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import Text
from forum.kernel.settings import Settings
from forum.members.actors import SYSTEM
from forum.members.tables import AuditEntry
from tests.crm_sync import make as crm
from tests.forum import making as make
from tests.web.calling import Caller, Site, calling

ALL = ("read", "write", "moderate", "administer")


@dataclass(frozen=True)
class Desk:
    administrator: Actor
    connection_id: int
    deliveries: list[int]


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


@pytest.fixture(scope="module")
def desk(database: Database, settings: Settings) -> Desk:
    with database.transaction() as session:
        connections.ensure_default_connection(session)
        given = {"url": "https://crm.example.com/hook"}
        made = connections.connect(
            session, SYSTEM, name="hook", connector="webhook", config=given, secret_key=settings.secret_key, budget=60
        )
        why = packed(Text("The receiver answered %(status)s: %(said)s", status=422, said="no"))
        keys = []
        for state in ("done", "waiting", "parked", "held", "parked", "done"):
            asked = crm.question(session)
            dead: dict[str, Any] = (
                {"reason": "refused", "why": why, "attempt": 2} if state in ("parked", "held") else {}
            )
            row = crm.delivery(connection_id=made.connection_id, local_id=asked.thread_id, state=state, **dead)
            session.add(row)
            session.flush()
            keys.append(row.id)
        return Desk(make.administrator(session), made.connection_id, keys)


@pytest.fixture
def caller(site: Site, desk: Desk) -> Caller:
    return site.as_(desk.administrator, *ALL)


CALLS = [
    ("GET", "/crm/connections"),
    ("GET", "/crm/deliveries"),
    ("POST", "/crm/deliveries/1/replay"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_only_administrators_may(site: Site, desk: Desk, database: Database, method: str, path: str) -> None:
    with database.transaction() as session:
        others = [make.member(session), make.staff(session), make.moderator(session)]
    for person in others:
        site.as_(person)(method, path, status=403)
    site.nobody(method, path, status=401)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_token_needs_the_scope_for_it(site: Site, desk: Desk, method: str, path: str) -> None:
    site.as_(desk.administrator, "read", "write", "moderate")(method, path, status=403)


def test_connections_say_how_they_do(caller: Caller, desk: Desk) -> None:
    journal, hook = caller("GET", "/crm/connections")["items"]
    assert (journal["name"], journal["connector"], journal["health"], journal["target"]) == (
        "journal",
        "journal",
        "well",
        "",
    )
    assert (hook["id"], hook["connector"], hook["target"]) == (
        desk.connection_id,
        "webhook",
        "https://crm.example.com/hook",
    )
    assert (hook["state"], hook["health"], hook["budget"], hook["why"]) == ("ok", "trouble", 60, None)
    assert hook["deliveries"] == {"waiting": 1, "running": 0, "unsure": 0, "held": 1, "parked": 2}
    assert "secret" not in caller.answer.text


def test_deliveries_come_newest_first_and_page_by_page(caller: Caller, desk: Desk) -> None:
    first = caller("GET", f"/crm/deliveries?connection={desk.connection_id}&limit=4")
    keys = [one["id"] for one in first["items"]]
    second = caller("GET", f"/crm/deliveries?connection={desk.connection_id}&limit=4&cursor={first['next']}")
    assert keys + [one["id"] for one in second["items"]] == desk.deliveries[::-1]
    assert second["next"] is None
    dead = caller("GET", "/crm/deliveries?state=dead")["items"]
    assert [one["id"] for one in dead] == [desk.deliveries[number] for number in (4, 3, 2)]
    assert dead[0]["why"] == "The receiver answered 422: no"
    assert (dead[0]["kind"], dead[0]["title"], dead[0]["connection"]) == ("case", "Pump is silent", "hook")
    assert dead[0]["key"].endswith(f":case:{dead[0]['subject']}")


def test_the_reason_is_said_in_the_callers_language(caller: Caller) -> None:
    (said, *_) = caller("GET", "/crm/deliveries?state=dead", accept_language="it")["items"]
    assert said["why"] == "Il destinatario ha risposto 422: no"


@pytest.mark.parametrize("wrong", ["state=lost", "connection=-1", "connection=x", "limit=0", "limit=101", "cursor=x"])
def test_a_wrong_argument_is_a_problem(caller: Caller, wrong: str) -> None:
    assert caller("GET", f"/crm/deliveries?{wrong}", status=422)["status"] == 422


def test_a_dead_delivery_is_tried_again_and_the_receipt_is_kept(caller: Caller, desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        row = crm.delivery(connection_id=desk.connection_id, local_id=crm.question(session).thread_id, state="parked")
        session.add(row)
        session.flush()
        key = row.id
    again = caller("POST", f"/crm/deliveries/{key}/replay", idempotency_key="once")
    assert (again["id"], again["state"], again["attempt"], again["why"]) == (key, "waiting", 0, None)
    repeated = caller("POST", f"/crm/deliveries/{key}/replay", idempotency_key="once")
    assert repeated == again
    caller("POST", f"/crm/deliveries/{key}/replay", status=409)
    caller("POST", f"/crm/deliveries/{desk.deliveries[0]}/replay", status=409)
    caller("POST", "/crm/deliveries/999999/replay", status=404)
    caller("POST", "/crm/deliveries/x/replay", status=404)
    with database.transaction() as session:
        row = session.get_one(CrmDelivery, key)
        assert row.state == "waiting"
        session.execute(delete(DeliveryStep).where(DeliveryStep.delivery_id == key))
        session.execute(delete(CrmDelivery).where(CrmDelivery.id == key))  # other tests look at all that are there
        found = select(AuditEntry.member_id).where(AuditEntry.action == "delivery:replayed")
        assert list(session.scalars(found.where(AuditEntry.subject == f"crm_delivery:{key}"))) == [
            desk.administrator.member_id
        ]
