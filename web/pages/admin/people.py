"""People: found by handle, name, address, role, group and state."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from msgspec import Meta
from sqlalchemy import Connection, select

from forum.kernel.clock import now
from forum.kernel.errors import N_, Text
from forum.members import people
from forum.members.people import PersonLine, Role, State, Wanted
from forum.members.tables import Group
from web.arguments import query
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import address_of, framed, shown
from web.pages.parts import Pager

AnyRequest = Request[Any, Any, Any]
PEOPLE: Final = "/admin/people"
ROLES: Final = {
    "member": Text(N_("Member")),
    "staff": Text(N_("Staff")),
    "moderator": Text(N_("Moderator")),
    "administrator": Text(N_("Administrator")),
}
STATES: Final = {
    "active": Text(N_("Active")),
    "unconfirmed": Text(N_("Address not confirmed")),
    "silenced": Text(N_("Silenced")),
    "suspended": Text(N_("Suspended")),
    "deactivated": Text(N_("Deactivated")),
    "imported": Text(N_("Imported")),
    "bot": Text(N_("Program")),
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whom; `group` is an id."""

    q: str = ""
    role: Role = ""
    group: Annotated[int, Meta(ge=0)] = 0
    state: State = ""
    cursor: str = ""

    def address(self, cursor: str = "") -> str:
        """Its own address, from `cursor` on."""
        return address_of(PEOPLE, q=self.q, role=self.role, group=self.group, state=self.state, cursor=cursor)

    @property
    def is_narrowed(self) -> bool:
        return self.address() != PEOPLE


class Mark(msgspec.Struct, frozen=True):
    """A state that differs from the usual one, as a badge."""

    state: str
    icon: str
    word: Text | str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the list."""

    of: PersonLine
    marks: tuple[Mark, ...]


@get(PEOPLE, action="admin.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """Those who fit, the newest first."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        wanted = Wanted(words=asked.q, role=asked.role, group_id=asked.group, state=asked.state)
        found = people.people_list(connection, actor, wanted, cursor=asked.cursor)
        page = framed(request, connection, actor, robots="noindex")
        groups = _groups(connection)
    return shown(
        "admin/people.html",
        page,
        asked=asked,
        rows=[Row(of=line, marks=marks_of(line)) for line in found.items],
        roles=[("", Text(N_("Any role"))), *ROLES.items()],
        states=[("", Text(N_("Any state"))), *STATES.items()],
        groups=[("", Text(N_("Any group"))), *groups],
        pager=Pager(
            first=asked.address() if asked.cursor else "", older=asked.address(found.next) if found.next else ""
        ),
    )


def _groups(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(select(Group.id, Group.name).order_by(Group.name_key).limit(500))
    return [(str(row.id), row.name) for row in rows]


def marks_of(line: PersonLine) -> tuple[Mark, ...]:
    """What is not as usual about somebody: role, place in the company, state."""
    moment = now()
    found = [
        (line.role != "member", Mark("tile", "key", ROLES.get(line.role, line.role))),
        (bool(line.team), Mark("house", "house", line.team)),
        (line.is_bot, Mark("plain", "gear", STATES["bot"])),
        (line.is_imported, Mark("plain", "merge", STATES["imported"])),
        (bool(line.address) and not line.is_confirmed, Mark("planned", "mail", STATES["unconfirmed"])),
        (_is_on(line.silenced_until, moment), Mark("planned", "lock", STATES["silenced"])),
        (_is_on(line.suspended_until, moment), Mark("danger", "lock", STATES["suspended"])),
        (line.deactivated_at is not None, Mark("plain", "close", STATES["deactivated"])),
    ]
    return tuple(mark for holds, mark in found if holds)


def _is_on(until: Any, moment: Any) -> bool:
    return until is not None and until > moment


routes = [overview]
