"""The start page of the administration: what is still to be done, what runs here, the newest receipts."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.params import FromPath

from forum.kernel.access import require
from forum.kernel.clock import now
from forum.kernel.errors import N_, NotFound, Text
from forum.kernel.settings import Settings
from forum.members import site
from forum.members.affiliations import waiting_bonds
from forum.members.belonging import second_accounts
from forum.members.policies import may_administer
from forum.members.receipts import audit_list
from forum.members.unsent import unsent_count
from forum.search import deflecting
from moderation.queue import waiting_count
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.admin import first_steps
from web.pages.admin.receipts import receipt
from web.pages.frame import framed, led_to, shown
from web.pages.settings.profile import BOND_KINDS

AnyRequest = Request[Any, Any, Any]
LATELY: Final = timedelta(days=30)
_NEWEST = 5


@get("/admin", action="admin.read", sync_to_thread=True, include_in_schema=False)
def start(request: AnyRequest) -> Response[bytes]:
    """What an administrator sees first."""
    settings = installation_of(request).settings
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        newest = audit_list(connection, actor, limit=_NEWEST)
        return shown(
            "admin/start.html",
            framed(request, connection, actor, robots="noindex"),
            steps=first_steps.steps(connection, settings),
            parts=running(settings),
            waiting=waiting_count(connection, actor),
            seconds=second_accounts(connection, actor, since=now() - LATELY),
            bonds=waiting_bonds(connection, actor),
            kinds=BOND_KINDS,
            unsent=unsent_count(connection, actor),
            deflected=deflecting.figures(connection, actor, days=LATELY.days),
            receipts=[receipt(line) for line in newest.items],
        )


@post("/admin/first-steps/{step:str}/aside", action="site.manage", sync_to_thread=True, include_in_schema=False)
def put_aside(request: AnyRequest, step: FromPath[str]) -> Response[bytes]:
    """Take a line off the list, for every administrator."""
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        require(may_administer(actor))
        if step not in first_steps.NAMES:
            raise NotFound()
        site.put_aside(session, actor, step=step)
    return led_to(request, "/admin")


def running(settings: Settings) -> list[tuple[Text | str, Text | str]]:
    """The parts of this installation. No address, name or key of a server: a screen may be shared."""
    embedded = settings.database_url.startswith("sqlite")
    return [
        (Text(N_("Address")), settings.base_url),
        (Text(N_("Database")), Text(N_("SQLite, embedded")) if embedded else "PostgreSQL"),
        (Text(N_("Worker")), Text(N_("In this process")) if settings.broker_url is None else _broker(settings)),
        (Text(N_("Search index")), "Meilisearch" if settings.meilisearch_url else Text(N_("The database’s own"))),
        (Text(N_("Mail")), Text(N_("Sent")) if settings.smtp_url else Text(N_("Kept as files, not sent"))),
        ("Python", ".".join(map(str, sys.version_info[:3]))),
    ]


def _broker(settings: Settings) -> str:
    return "RabbitMQ" if (settings.broker_url or "").startswith("amqp") else "Redis"


routes = [start, put_aside]
