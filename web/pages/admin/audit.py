"""Every privileged action on this installation, narrowed by who, what, about what and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from msgspec import Meta

from forum.kernel.errors import N_, Invalid, Text
from forum.members.receipts import Wanted, audit_list
from web.arguments import query
from web.identity import current_member
from web.installation import db_of
from web.pages.admin.receipts import ACTIONS, KINDS, receipt
from web.pages.frame import address_of, framed, shown
from web.pages.parts import Pager

AnyRequest = Request[Any, Any, Any]
AUDIT: Final = "/admin/audit"
_WRONG_DAY = Text(N_("Write a day as 2027-01-31."))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which receipts; days are in UTC, both of them included. `who` is a handle, `about` a handle too, or a kind and an id."""

    who: str = ""
    action: Annotated[str, Meta(max_length=60)] = ""
    kind: Annotated[str, Meta(max_length=20)] = ""
    about: str = ""
    since: str = ""
    until: str = ""
    cursor: str = ""

    def address(self, cursor: str = "") -> str:
        """Its own address, from `cursor` on."""
        narrowed = {name: value for name, value in msgspec.structs.asdict(self).items() if name != "cursor"}
        return address_of(AUDIT, **narrowed, cursor=cursor)

    @property
    def is_narrowed(self) -> bool:
        return self.address() != AUDIT


@get(AUDIT, action="admin.read", sync_to_thread=True, include_in_schema=False)
def audit(request: AnyRequest) -> Response[bytes]:
    """The receipts, the newest first."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = audit_list(connection, actor, wanted_of(asked), cursor=asked.cursor)
        page = framed(request, connection, actor, robots="noindex")
    return shown(
        "admin/audit.html",
        page,
        asked=asked,
        actions=[("", Text(N_("Everything"))), *((code, Text(word)) for code, word in ACTIONS.items())],
        kinds=[("", Text(N_("Anything"))), *((code, Text(word)) for code, word in KINDS.items())],
        receipts=[receipt(line) for line in found.items],
        pager=Pager(
            first=asked.address() if asked.cursor else "", older=asked.address(found.next) if found.next else ""
        ),
    )


def wanted_of(asked: Asked) -> Wanted:
    """The same as the reading of receipts takes it.

    Raises:
        Invalid: a day that is none.
    """
    until = _midnight("until", asked.until)
    return Wanted(
        by=asked.who,
        about=asked.about if not asked.kind else "",
        action=asked.action,
        subject=f"{asked.kind}:{asked.about}" if asked.kind and asked.about.isdigit() else asked.kind,
        since=_midnight("since", asked.since),
        until=until + timedelta(days=1) if until else None,
    )


def _midnight(field: str, day: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) if day else None
    except ValueError:
        raise Invalid({field: _WRONG_DAY}) from None


routes = [audit]
