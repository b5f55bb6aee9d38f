"""Whether the process lives, whether it can serve, and its figures. For machines: load balancers, supervisors, Prometheus."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Any

from litestar import Request, Response, get
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from forum.kernel.db import Database
from forum.kernel.errors import NotFound
from forum.kernel.outbox import OutboxDelivery
from forum.members import mailing
from web.edge.visit import Visit, visit_of
from web.installation import installation_of
from web.metrics import CONTENT_TYPE

OPEN_PATHS = frozenset({"/health/live", "/health/ready"})
"""Answered whatever host was asked for: probes ask by number."""

_PING = text("SELECT 1")
_D = OutboxDelivery.__table__.c
_WAITING = (
    select(_D.subscriber, func.count().label("waiting"))
    .where(_D.state.in_(("waiting", "running")))
    .group_by(_D.subscriber)
)
AnyRequest = Request[Any, Any, Any]


@get("/health/live", action="site.health", sync_to_thread=False, include_in_schema=False)
def live() -> Response[str]:
    """The process answers. It touches nothing: a database that is away is no reason to kill it."""
    return Response("ok\n", media_type="text/plain", headers={"cache-control": "no-store"})


@get("/health/ready", action="site.health", sync_to_thread=True, include_in_schema=False)
def ready(request: AnyRequest) -> Response[str]:
    """The database answers, so pages can be served. Search, broker and mail have their own ways to be away."""
    try:
        with installation_of(request).db.reading() as connection:
            connection.execute(_PING)
    except SQLAlchemyError:
        return Response("database away\n", media_type="text/plain", status_code=503, headers={"retry-after": "5"})
    return Response("ok\n", media_type="text/plain", headers={"cache-control": "no-store"})


@get("/metrics", action="site.metrics", sync_to_thread=True, include_in_schema=False)
def metrics(request: AnyRequest) -> Response[bytes]:
    """The process's figures, for whoever holds the token, or without one for this machine alone. To others there is nothing here."""
    house = installation_of(request)
    visit = visit_of(request)
    token = house.settings.metrics_token
    if not (_is_local(visit) if token is None else hmac.compare_digest((visit.bearer or "").encode(), token.encode())):
        raise NotFound()
    house.metrics.note_waiting(_waiting(house.db))
    house.metrics.note_mails(_mails(house.db))
    return Response(house.metrics.spelled(), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


def _waiting(db: Database) -> dict[str, int]:
    """Facts that wait to be told, by subscriber; nothing while the database is away, which other figures show."""
    try:
        with db.reading() as connection:
            return {row.subscriber: row.waiting for row in connection.execute(_WAITING)}
    except SQLAlchemyError:
        return {}


def _mails(db: Database) -> dict[str, int]:
    """The mails by state; nothing while the database is away."""
    try:
        with db.reading() as connection:
            return mailing.counts(connection)
    except SQLAlchemyError:
        return {}


def _is_local(visit: Visit) -> bool:
    """Whether this machine itself asks. What a proxy passes on comes from elsewhere, even if the proxy is on this machine."""
    try:
        return visit.direct and ip_address(visit.peer).is_loopback
    except ValueError:
        return False


routes = [live, ready, metrics]
