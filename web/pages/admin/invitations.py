"""Invitations: links that open accounts. A link is shown once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta
from sqlalchemy import Connection, select

from forum.kernel.clock import now
from forum.kernel.errors import N_, Invalid, Text
from forum.members import inviting
from forum.members.inviting import FILLED_BY_HAND, InvitationLine
from forum.members.tables import Group
from web import forms
from web.arguments import path_id, query
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.admin.people import ROLES
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.parts import Pager

AnyRequest = Request[Any, Any, Any]
INVITATIONS: Final = "/admin/invitations"


class Asked(msgspec.Struct, frozen=True):
    """From where on the list is shown."""

    cursor: str = ""


class InvitationForm(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation to make. `group` is an id, 0 for none."""

    note: Annotated[str, Meta(max_length=120)] = ""
    role: str = "member"
    group: int = 0
    most: int = 1
    days: int = 7


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The form as typed, what needs mending, and a link that is shown this once."""

    note: str = ""
    role: str = "member"
    group: str = ""
    most: str = "1"
    days: str = "7"
    link: str = ""
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation in the list, its state in words."""

    of: InvitationLine
    role: Text | str
    left: int
    state: str
    icon: str
    word: Text
    is_open: bool


@get(INVITATIONS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """Those that were made, the newest first, and the form."""
    return _page(request, Answer())


@post(INVITATIONS, action="people.manage", sync_to_thread=True, include_in_schema=False)
def make(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Make one. Its link stands in this answer and nowhere else, so this form leads to no other address."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, InvitationForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            key = inviting.make(
                session,
                actor,
                note=form.note,
                role=form.role,
                group_id=form.group or None,
                most=form.most,
                days=form.days,
            )
    except Invalid as refusal:
        return _page(request, _mending(pairs, refusal), status=422)
    return _page(request, Answer(link=link_of(request, key)))


def link_of(request: AnyRequest, key: str) -> str:
    """The whole address that somebody is sent."""
    return f"{installation_of(request).settings.base_url.rstrip('/')}/invitation/{key}"


def _mending(pairs: forms.Pairs, refusal: Invalid) -> Answer:
    typed = {name: value for name, value in forms.shown(pairs).items() if name in InvitationForm.__struct_fields__}
    return Answer(**typed, problems=tuple(refusal.fields.items()))


@post(
    "/admin/invitations/{invitation_id:str}/revoke",
    action="people.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def revoke(request: AnyRequest, invitation_id: FromPath[str]) -> Response[bytes]:
    """Take one back."""
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        inviting.revoke(session, actor, invitation_id=path_id(invitation_id))
    return led_to(request, INVITATIONS, "invitation-revoked")


def _page(request: AnyRequest, answer: Answer, *, status: int = 200) -> Response[bytes]:
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = inviting.invitation_list(connection, actor, cursor=asked.cursor)
        page = framed(request, connection, actor, robots="noindex")
        groups = _groups(connection)
        site = installation_of(request).sites.now(connection)
    moment = now()
    response = shown(
        "admin/invitations.html",
        page,
        status=status,
        answer=answer,
        rows=[_row(line, moment) for line in found.items],
        roles=[(role, ROLES[role]) for role in inviting.ROLES],
        groups=[("", Text(N_("None"))), *groups],
        registration=site.registration,
        pager=Pager(
            first=INVITATIONS if asked.cursor else "",
            older=address_of(INVITATIONS, cursor=found.next) if found.next else "",
        ),
    )
    if answer.link:
        response.headers["cache-control"] = "no-store"  # it must not come back with the browser's “back”
    return response


def _groups(connection: Connection) -> list[tuple[str, str]]:
    by_hand = select(Group.id, Group.name).where(Group.kind.in_(FILLED_BY_HAND)).order_by(Group.name_key).limit(500)
    return [(str(row.id), row.name) for row in connection.execute(by_hand)]


def _row(line: InvitationLine, moment: datetime) -> Row:
    state, icon, word = "solved", "check", Text(N_("Open"))
    if line.revoked_at is not None:
        state, icon, word = "plain", "close", Text(N_("Taken back"))
    elif line.used >= line.most:
        state, icon, word = "plain", "check", Text(N_("Used up"))
    elif line.expires_at <= moment:
        state, icon, word = "plain", "clock", Text(N_("Too old"))
    return Row(
        of=line,
        role=ROLES.get(line.role, line.role),
        left=max(0, line.most - line.used),
        state=state,
        icon=icon,
        word=word,
        is_open=line.is_open(moment),
    )


routes = [overview, make, revoke]
