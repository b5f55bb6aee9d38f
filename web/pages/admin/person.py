"""One of the people: roles, place in the company, groups, address, sessions, and what was done to the account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta
from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import Conflict, Invalid, Text
from forum.members import affiliations, belonging, identities, managing, people, receipts
from moderation.tables import Decision, DecisionText
from web import forms
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.admin.people import PEOPLE, ROLES, marks_of
from web.pages.admin.receipts import receipt
from web.pages.frame import framed, led_to, shown
from web.pages.settings.profile import BOND_KINDS
from web.pages.transparency import ACTIONS

AnyRequest = Request[Any, Any, Any]
Problems = tuple[tuple[str, Text], ...]
_ADDRESS: Final = "/admin/people/{handle:str}"
_RECEIPTS = 10


class RoleForm(msgspec.Struct, frozen=True):
    """A role to give."""

    role: str = ""


class BotForm(msgspec.Struct, frozen=True):
    """Whether the account is a program's."""

    bot: bool = False


class BadgeForm(msgspec.Struct, frozen=True):
    """Where somebody belongs in the company; `end` says that they do no longer."""

    team: Annotated[str, Meta(max_length=60)] = ""
    title: Annotated[str, Meta(max_length=80)] = ""
    end: bool = False


class Badge(msgspec.Struct, frozen=True):
    """What stands in the fields of the company: what is so, or what was just typed and not taken."""

    team: str = ""
    title: str = ""


class BondForm(msgspec.Struct, frozen=True):
    """What to do with what was declared."""

    do: Literal["confirm", "end"]


class Sanction(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about the person: what, when, and its number in the public log."""

    word: Text
    state: str
    at: datetime
    number: int


_DECIDED: Final = (
    select(Decision.number, Decision.action, Decision.at)
    .join(DecisionText, DecisionText.decision_id == Decision.id)
    .where(Decision.target_kind == "member", DecisionText.target_id == bindparam("member_id", type_=BigInteger))
    .order_by(Decision.number.desc())
    .limit(20)
)


@get(_ADDRESS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def person(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """Everything about an account that is an administrator's business."""
    return _page(request, handle)


@post(f"{_ADDRESS}/role", action="admin.roles", sync_to_thread=True, include_in_schema=False)
def role(request: AnyRequest, handle: FromPath[str], body: RawBody) -> Response[bytes]:
    """Give or take a role."""
    form = forms.parse(body, RoleForm)
    return _done(
        request,
        handle,
        "person-role",
        lambda session, actor, key: managing.give_role(session, actor, member_id=key, role=form.role),
    )


@post(f"{_ADDRESS}/bot", action="admin.roles", sync_to_thread=True, include_in_schema=False)
def bot(request: AnyRequest, handle: FromPath[str], body: RawBody) -> Response[bytes]:
    """Say whether a person or a program writes with it."""
    form = forms.parse(body, BotForm)
    return _done(
        request,
        handle,
        "person-bot",
        lambda session, actor, key: managing.mark_bot(session, actor, member_id=key, is_bot=form.bot),
    )


@post(f"{_ADDRESS}/affiliation", action="admin.roles", sync_to_thread=True, include_in_schema=False)
def affiliation(request: AnyRequest, handle: FromPath[str], body: RawBody) -> Response[bytes]:
    """Say that somebody belongs to the company, or does no longer."""
    pairs = forms.pairs_of(body)
    typed = forms.shown(pairs)

    def do(session: Session, actor: Actor, key: int) -> None:
        form = forms.read(pairs, BadgeForm)
        if form.end:
            managing.end_affiliation(session, actor, member_id=key)
        else:
            managing.affiliate(session, actor, member_id=key, team=form.team, title=form.title)

    return _done(request, handle, "person-affiliation", do, typed=Badge(typed.get("team", ""), typed.get("title", "")))


@post(f"{_ADDRESS}/bond", action="admin.roles", sync_to_thread=True, include_in_schema=False)
def bond(request: AnyRequest, handle: FromPath[str], body: RawBody) -> Response[bytes]:
    """Confirm what somebody declared to be to the company, or end it."""
    form = forms.parse(body, BondForm)

    def do(session: Session, actor: Actor, _key: int) -> None:
        change = affiliations.confirm if form.do == "confirm" else affiliations.end
        change(session, actor, handle=handle)

    return _done(request, handle, "person-bond", do)


@post(f"{_ADDRESS}/sign-out", action="people.manage", sync_to_thread=True, include_in_schema=False)
def sign_out(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """End every session, token and mailed link of theirs."""
    return _done(
        request,
        handle,
        "person-signed-out",
        lambda session, actor, key: managing.end_sessions(session, actor, member_id=key),
    )


@post(f"{_ADDRESS}/verify", action="people.manage", sync_to_thread=True, include_in_schema=False)
def verify(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """Confirm the address that waits."""
    domains = installation_of(request).settings.staff_domains
    return _done(
        request,
        handle,
        "person-verified",
        lambda session, actor, key: managing.verify(session, actor, member_id=key, staff_domains=domains),
    )


@post(f"{_ADDRESS}/mail", action="people.manage", sync_to_thread=True, include_in_schema=False)
def mail(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """Send the link that confirms it once more."""
    return _done(
        request,
        handle,
        "person-mailed",
        lambda session, actor, key: managing.mail_again(session, actor, member_id=key),
    )


@post(
    f"{_ADDRESS}/identities/{{identity_id:str}}/disconnect",
    action="people.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def disconnect(request: AnyRequest, handle: FromPath[str], identity_id: FromPath[str]) -> Response[bytes]:
    """Take a way into their account from them, and sign them out."""
    domains = installation_of(request).settings.staff_domains
    return _done(
        request,
        handle,
        "person-disconnected",
        lambda session, actor, key: identities.disconnect_for(
            session, actor, member_id=key, identity_id=path_id(identity_id), staff_domains=domains
        ),
    )


def _done(
    request: AnyRequest,
    handle: str,
    notice: str,
    do: Callable[[Session, Actor, int], object],
    *,
    typed: Badge | None = None,
) -> Response[bytes]:
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            do(session, actor, managing.id_of(session, actor, handle))
    except Invalid as refusal:
        return _page(request, handle, tuple(refusal.fields.items()), typed, status=422)
    except Conflict as refusal:
        return _page(request, handle, (("", refusal.text),), typed, status=409)
    return led_to(request, f"{PEOPLE}/{handle}", notice)


def _page(
    request: AnyRequest, handle: str, problems: Problems = (), typed: Badge | None = None, *, status: int = 200
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = people.person_page(connection, actor, handle=handle)
        about = receipts.Wanted(about=found.line.handle)
        held = identities.identities_of(connection, actor, member_id=found.line.id)
        told = receipts.audit_list(connection, actor, about, limit=_RECEIPTS)
        sanctions = [
            Sanction(word=ACTIONS[row.action][0], state=ACTIONS[row.action][1], at=row.at, number=row.number)
            for row in connection.execute(_DECIDED, {"member_id": found.line.id})
            if row.action in ACTIONS
        ]
        page = framed(request, connection, actor, title=found.line.name, robots="noindex")
    lines = [receipt(line) for line in told.items]
    return shown(
        "admin/person.html",
        page,
        status=status,
        person=found,
        identities=held,
        marks=marks_of(found.line),
        roles=[(word, said) for word, said in ROLES.items() if word in managing.ROLES],
        is_self=found.line.id == actor.member_id,
        kinds=BOND_KINDS,
        problems=problems,
        badge=typed or _badge(found),
        sanctions=sanctions,
        receipts=lines,
        has_second=any(line.code == belonging.SECOND_ACCOUNT for line in lines),
    )


def _badge(found: people.Person) -> Badge:
    belongs = found.affiliation is not None and found.affiliation.kind == "staff"
    return Badge(found.affiliation.team, found.affiliation.title) if found.affiliation and belongs else Badge()


routes = [person, role, bot, affiliation, bond, sign_out, verify, mail, disconnect]
