"""The sync with the company's systems over the API: connections, deliveries, and trying one again. For administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Meta
from sqlalchemy.orm import Session

from crm_sync import pages, replaying
from forum.kernel.access import Actor
from forum.kernel.errors import Text
from forum.kernel.paging import Page
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, answer_list, writing
from web.api.describing import described
from web.arguments import path_id, query
from web.edge.visit import visit_of
from web.identity import current_member
from web.installation import db_of
from web.translations import translate


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are in each state but `done`."""

    waiting: int
    running: int
    unsure: int
    held: int
    parked: int


class ConnectionShape(msgspec.Struct, frozen=True, kw_only=True):
    """A connected system. `health` is `well`, `trouble` or `held`; `why` says in words why it is held."""

    id: int
    name: str
    connector: str
    target: str
    state: str
    health: str
    why: str | None
    failures: int
    paused_until: datetime | None
    breaker_until: datetime | None
    budget: int | None
    last_success_at: datetime | None
    oldest_waiting_at: datetime | None
    delivered_in_a_day: int
    deliveries: Counts


class DeliveryShape(msgspec.Struct, frozen=True, kw_only=True):
    """The present state of one thing on its way to one system. `key` is what the thing is called over there, always."""

    id: int
    connection: str
    kind: Literal["case", "idea", "article"]
    subject: int
    key: str
    title: str
    cause: str
    state: Literal["waiting", "running", "unsure", "done", "held", "parked"]
    reason: str | None
    why: str | None
    attempt: int
    created_at: datetime
    not_before: datetime
    settled_at: datetime | None


class DeliveryListing(Listing, frozen=True, kw_only=True):
    """Which deliveries; `dead` is what waits for a person, `connection` an id. What is left out narrows nothing."""

    state: Literal["", "dead", "waiting", "running", "unsure", "done", "held", "parked"] = ""
    connection: Annotated[int, Meta(ge=0)] = 0


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay takes no words of its own."""


@get(
    "/api/v1/crm/connections",
    action="connection.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="How the connections do",
)
def list_connections(request: AnyRequest) -> Response[Items[ConnectionShape]]:
    with db_of(request).reading() as connection:
        found = pages.connections_page(connection, current_member(request, connection)).connections
    return answer_list(request, Page(items=found), lambda one: _connection(request, one))


@get(
    "/api/v1/crm/deliveries",
    action="connection.read",
    sync_to_thread=True,
    operation_class=described(DeliveryListing),
    summary="Deliveries, the newest first",
)
def list_deliveries(request: AnyRequest) -> Response[Items[DeliveryShape]]:
    asked = query(request, DeliveryListing)
    with db_of(request).reading() as connection:
        page = pages.deliveries_list(
            connection,
            current_member(request, connection),
            state=asked.state,
            connection_id=asked.connection,
            cursor=asked.cursor or None,
            limit=asked.limit,
        )
    return answer_list(request, page, lambda line: _delivery(request, line))


@post(
    "/api/v1/crm/deliveries/{delivery_id:str}/replay",
    action="connection.manage",
    sync_to_thread=True,
    operation_class=described(),
    status_code=200,
    summary="Try a delivery again under the same key",
)
def replay(request: AnyRequest, delivery_id: FromPath[str]) -> Response[DeliveryShape]:
    with writing(request) as (session, actor):
        key = path_id(delivery_id)
        idempotency.once(request, session, actor, Replay(), lambda: _replayed(session, actor, key))
        session.flush()
        found = pages.delivery_page(session.connection(), actor, delivery_id=key)
    return Response(_delivery(request, found.delivery))


def _replayed(session: Session, actor: Actor, delivery_id: int) -> int:
    replaying.replay(session, actor, delivery_id=delivery_id)
    return delivery_id


def _connection(request: AnyRequest, one: pages.ConnectionHealth) -> ConnectionShape:
    return ConnectionShape(
        id=one.id,
        name=one.name,
        connector=one.connector,
        target=one.target,
        state=one.state,
        health=one.health,
        why=_said(request, one.why),
        failures=one.failures,
        paused_until=one.paused_until,
        breaker_until=one.breaker_until,
        budget=one.budget,
        last_success_at=one.last_success_at,
        oldest_waiting_at=one.oldest_waiting_at,
        delivered_in_a_day=one.delivered_in_a_day,
        deliveries=Counts(**one.counts),
    )


def _delivery(request: AnyRequest, line: pages.DeliveryLine) -> DeliveryShape:
    return DeliveryShape(
        id=line.id,
        connection=line.connection,
        kind=line.kind,  # type: ignore[arg-type]  # what the table holds
        subject=line.local_id,
        key=line.key,
        title=line.title,
        cause=line.cause,
        state=line.state,  # type: ignore[arg-type]  # what the table holds
        reason=line.reason,
        why=_said(request, line.why),
        attempt=line.attempt,
        created_at=line.created_at,
        not_before=line.not_before,
        settled_at=line.settled_at,
    )


def _said(request: AnyRequest, sentence: Text | None) -> str | None:
    return None if sentence is None else translate(sentence, visit_of(request).locale)


routes = [list_connections, list_deliveries, replay]
