"""Signing in by an identity provider: out through its door, back to its callback, and a handle for who is new."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody

from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import arriving, providers
from forum.members.arriving import Came, Journey
from forum.members.handles import free_handle
from forum.members.oidc import Away, NotBelieved, Trusted
from forum.members.oidc.claims import Said
from forum.members.oidc.flow import Flow
from web.arguments import query
from web.edge.visit import visit_of
from web.forms import pairs_of, read
from web.forms import shown as typed
from web.identity import current_actor, current_member
from web.installation import db_of, installation_of
from web.pages import entering
from web.pages.doors import browser_of, led_out, noted
from web.pages.entering import Gate, gate_page
from web.pages.frame import framed, led_to, shown
from web.pages.settings import identities
from web.returning import safe_next

AnyRequest = Request[Any, Any, Any]


class Out(msgspec.Struct, frozen=True):
    """The form of a button that leads to a provider."""

    next: str = "/"
    carried: str = ""


class Returned(msgspec.Struct, frozen=True):
    """What a provider sends back in the address (RFC 6749, section 4.1.2; RFC 9207)."""

    state: str = ""
    code: str = ""
    iss: str = ""
    error: str = ""


class NewHere(msgspec.Struct, frozen=True):
    """What somebody new chooses."""

    handle: str
    name: str = ""


@post("/login/with/{slug:str}", action="account.sign-in", sync_to_thread=True)
def go(request: AnyRequest, slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Lead to a provider, to sign in there."""
    form = read(pairs_of(body), Out)
    try:
        return led_out(request, slug, to=safe_next(form.next), carried=form.carried)
    except Away as away:
        gate = Gate(next=safe_next(form.next), carried=form.carried, told=noted(away, slug).text)
        return gate_page(request, "login.html", gate, status=503)


@get("/login/with/{slug:str}/callback", action="account.sign-in", sync_to_thread=True, opt={"slow": True})
def callback(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """Somebody comes back from a provider. The address is good once, and only in the browser that began."""
    back = query(request, Returned)
    visit_of(request).path = "/login"  # what the address holds goes into no link and no form
    house = installation_of(request)
    try:
        with house.db.transaction() as session:
            provider = providers.trusted(session, house.settings, slug=slug)
            browser = browser_of(request)
            journey = arriving.returned(session, provider_id=provider.id, state=back.state, browser=browser)
    except Conflict as refusal:
        return gate_page(request, "login.html", Gate(next="/", told=refusal.text), status=409)
    try:
        said = _asked(request, provider, back)
        with house.db.transaction() as session:
            came = arriving.come(session, journey, provider, said, staff_domains=house.settings.staff_domains)
    except Conflict as refusal:
        return _refused(request, journey, refusal.text, status=409)
    except (Away, NotBelieved) as error:
        return _refused(request, journey, noted(error, slug).text, status=503 if isinstance(error, Away) else 403)
    return _arrived(request, provider, journey, came)


def _asked(request: AnyRequest, provider: Trusted, back: Returned) -> Said:
    house = installation_of(request)
    if back.error:
        raise Conflict(Text(N_("You did not sign in at %(name)s."), name=provider.name))
    flow = Flow(settings=house.settings, directory=house.directory, provider=provider, state=back.state)
    return flow.who_came(back.code, issuer=back.iss or None)


def _arrived(request: AnyRequest, provider: Trusted, journey: Journey, came: Came) -> Response[bytes]:
    if came.refused is not None:
        return _refused(request, journey, came.refused, status=409)
    if came.confirms:
        return led_to(request, f"/settings/identities/{provider.slug}/confirm")
    if came.chooses_handle:
        return led_to(request, f"/register/with/{provider.slug}")
    return entering.entered_as(request, came.member_id or 0, journey)


def _refused(request: AnyRequest, journey: Journey, text: Text, *, status: int) -> Response[bytes]:
    """On the page where they began: the settings of whoever connects, else the door."""
    if journey.member_id is None:
        gate = Gate(next=journey.next, carried=journey.carried, told=text)
        return gate_page(request, "login.html", gate, status=status)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        return identities.page(request, connection, actor, problem=text, status=status)


@get("/register/with/{slug:str}", action="account.register", sync_to_thread=True)
def choose(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The last step for somebody new: which handle others will see."""
    house = installation_of(request)
    with house.db.transaction() as session:
        provider = providers.trusted(session, house.settings, slug=slug)
        _, said = arriving.waiting(session, provider_id=provider.id, browser=browser_of(request))
        handle = free_handle(session, said.nickname, said.name)
    return _choice(request, provider, said, NewHere(handle=handle, name=said.name or handle))


@post("/register/with/{slug:str}", action="account.register", sync_to_thread=True)
def open_account(request: AnyRequest, slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Open the account."""
    pairs, house, browser = pairs_of(body), installation_of(request), browser_of(request)
    with house.db.reading() as connection:
        provider = providers.trusted(connection, house.settings, slug=slug)
    try:
        form = read(pairs, NewHere)
        with house.db.transaction() as session:
            came, journey = arriving.open_account(
                session, provider, browser=browser, handle=form.handle, name=form.name,
                locale=visit_of(request).locale, staff_domains=house.settings.staff_domains,
            )  # fmt: skip
    except Invalid as refusal:
        with house.db.transaction() as session:
            _, said = arriving.waiting(session, provider_id=provider.id, browser=browser)
        kept = typed(pairs)
        chosen = NewHere(handle=kept.get("handle", ""), name=kept.get("name", ""))
        return _choice(request, provider, said, chosen, tuple(refusal.fields.items()))
    if came.refused is not None:
        return _refused(request, journey, came.refused, status=409)
    return entering.entered_as(request, came.member_id or 0, journey, "welcome")


def _choice(
    request: AnyRequest,
    provider: Trusted,
    said: Said,
    chosen: NewHere,
    problems: tuple[tuple[str, Text], ...] = (),
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        page = framed(request, connection, actor, robots="noindex", has_bound_form=True)
    gate = Gate(next="/", handle=chosen.handle, problems=problems)
    return shown(
        "gate/new-here.html",
        page,
        status=422 if problems else 200,
        gate=gate,
        name=chosen.name,
        provider=provider.name,
        slug=provider.slug,
        address=said.address if said.address_is_verified else "",
    )


routes = [go, callback, choose, open_account]
