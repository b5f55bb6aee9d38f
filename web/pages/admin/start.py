"""The start page of the administration: what runs here, where to go, and the receipts of privileged actions."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get

from forum.kernel.access import require
from forum.kernel.errors import N_, Text
from forum.kernel.settings import Settings
from forum.members.pages import AuditLine, audit_list
from forum.members.policies import may_administer
from moderation.queue import waiting_count
from web.arguments import query
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.frame import address_of, framed, shown
from web.pages.parts import Pager

AnyRequest = Request[Any, Any, Any]


class Asked(msgspec.Struct, frozen=True):
    """From where on the receipts are shown."""

    cursor: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A privileged action as the page shows it."""

    at: datetime
    by: str
    voice: str
    action: str
    subject: str
    detail: str


@get("/admin", action="admin.read", sync_to_thread=True, include_in_schema=False)
def start(request: AnyRequest) -> Response[bytes]:
    """What an administrator sees first."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        audit = audit_list(connection, actor, cursor=asked.cursor)
        page = framed(request, connection, actor, robots="noindex")
        return shown(
            "admin/start.html",
            page,
            parts=running(installation_of(request).settings),
            waiting=waiting_count(connection, actor),
            receipts=[_receipt(line) for line in audit.items],
            pager=Pager(
                first="/admin" if asked.cursor else "",
                older=address_of("/admin", cursor=audit.next) if audit.next else "",
            ),
        )


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


def _receipt(line: AuditLine) -> Receipt:
    detail = ", ".join(f"{name}: {value}" for name, value in line.detail.items() if value not in ("", None, [], {}))
    return Receipt(at=line.at, by=line.by, voice=line.voice, action=line.action, subject=line.subject, detail=detail)


routes = [start]
