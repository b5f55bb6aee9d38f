"""Settings: the accounts elsewhere that one can sign in with."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import Conflict, Text
from forum.members import arriving, identities, providers
from forum.members.oidc import Away
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.doors import browser_of, led_out, letting_out, noted
from web.pages.frame import framed, led_to, shown
from web.pages.inside import sign_in_here
from web.pages.settings.frame import AnyRequest, setting

PLACE = "/settings/identities"


@get(PLACE, action="settings.read", sync_to_thread=True, include_in_schema=False)
def read(request: AnyRequest) -> Response[bytes]:
    """What is connected, and what can be."""
    with db_of(request).reading() as connection:
        return page(request, connection, current_member(request, connection))


@post(PLACE + "/with/{slug:str}", action="settings.identities", sync_to_thread=True, include_in_schema=False)
def begin(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Lead to a provider, to connect what is there."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
    try:
        return led_out(request, slug, to=PLACE, member_id=actor.member_id)
    except Away as away:
        with db_of(request).reading() as connection:
            return page(request, connection, actor, problem=noted(away, slug).text, status=503)


@get(PLACE + "/{slug:str}/confirm", action="settings.read", sync_to_thread=True, include_in_schema=False)
def ask(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """What is about to be connected with which account."""
    house = installation_of(request)
    with house.db.transaction() as session:
        actor = current_member(request, session.connection())
        provider = providers.trusted(session, house.settings, slug=slug)
        _, said = arriving.waiting(
            session, provider_id=provider.id, browser=browser_of(request), member_id=actor.member_id
        )  # fmt: skip
    with house.db.reading() as connection:
        shell = framed(request, connection, actor, robots="noindex")
    return shown(
        "gate/connect.html", shell, slug=slug, provider=provider.name, address=said.address, handle=actor.handle
    )


@post(PLACE + "/{slug:str}/confirm", action="settings.identities", sync_to_thread=True, include_in_schema=False)
def connect(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Connect it. What the provider says may change what somebody may do, so the session is a new one."""
    house = installation_of(request)
    with house.db.transaction() as session:
        actor = current_member(request, session.connection())
        provider = providers.trusted(session, house.settings, slug=slug)
        arriving.connect(
            session, actor, provider, browser=browser_of(request), staff_domains=house.settings.staff_domains
        )  # fmt: skip
    sign_in_here(request, actor.member_id or 0)
    return led_to(request, PLACE, "identity-connected")


@post(
    PLACE + "/{identity_id:str}/disconnect", action="settings.identities", sync_to_thread=True, include_in_schema=False
)
def disconnect(request: AnyRequest, identity_id: FromPath[str]) -> Response[bytes]:
    """Give one up. Where that ended every session, because its provider had said more of them, this browser gets a new one."""
    domains = installation_of(request).settings.staff_domains
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            ended = identities.disconnect(session, actor, identity_id=path_id(identity_id), staff_domains=domains)
    except Conflict as refusal:
        with db_of(request).reading() as connection:
            return page(request, connection, current_member(request, connection), problem=refusal.text, status=409)
    if ended:
        sign_in_here(request, actor.member_id or 0)
    return led_to(request, PLACE, "identity-disconnected")


def page(
    request: AnyRequest, connection: Connection, actor: Actor, *, problem: Text | None = None, status: int = 200
) -> Response[bytes]:
    """The list, with what went wrong above it."""
    doors = providers.enabled(connection)
    held = identities.identity_list(connection, actor)
    made = setting(request, connection, actor, "identities", held=held, doors=doors, told=problem)
    made.status_code = status
    return letting_out(request, made, doors)


routes = [read, begin, ask, connect, disconnect]
