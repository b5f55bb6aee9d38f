"""Signing in, registering and signing out. Who comes from a page that needed an account goes back to it."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy.orm import Session

from forum.kernel.errors import Invalid, NotAllowed, Text
from forum.members import inviting, joining, providers, signing_in
from forum.members.providers import ProviderLine
from forum.members.tables import Member
from web.budgets import spend_on_account, spend_on_mail
from web.edge import sessions
from web.edge.visit import visit_of
from web.forms import Pairs, pairs_of, read
from web.forms import shown as typed
from web.identity import current_account, current_actor
from web.installation import db_of
from web.pages import carrying, mailed
from web.pages.doors import letting_out
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.inside import sign_in_here
from web.returning import safe_next

Secret = Annotated[str, msgspec.Meta(extra={"verbatim": True})]


class Login(msgspec.Struct, frozen=True):
    """The form of `/login`."""

    login: str
    password: Secret
    next: str = "/"
    carried: str = ""


class Registration(msgspec.Struct, frozen=True):
    """The form of `/register`. What an invitation brings is written down with us; the form has only its key."""

    handle: str
    mail: str
    password: Secret
    next: str = "/"
    carried: str = ""
    invitation: Secret = ""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What the two pages show: what was typed (no password), what needs mending, and where to go afterwards.

    `carried` is a form that met the wall, see `web.pages.carrying`.
    """

    next: str
    carried: str = ""
    login: str = ""
    handle: str = ""
    mail: str = ""
    invitation: str = ""
    problems: tuple[tuple[str, Text], ...] = ()
    told: Text | None = None  # what did not work elsewhere, and is not to be mended here
    providers: tuple[ProviderLine, ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


@get("/login", action="account.sign-in", sync_to_thread=True)
def login_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The door."""
    return _entered(request) or gate_page(request, "login.html", _gate(request))


@get("/register", action="account.register", sync_to_thread=True)
def register_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The door for those who come for the first time."""
    return _entered(request) or gate_page(request, "register.html", _gate(request))


@post("/login", action="account.sign-in", sync_to_thread=True)
def login(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    """Sign in with handle or address, and password."""
    pairs = pairs_of(body)
    try:
        form = read(pairs, Login)
        spend_on_account(request, form.login)
        with db_of(request).reading() as connection:
            member_id = signing_in.member_by_password(connection, login=form.login, password=form.password)
    except Invalid as refusal:
        return gate_page(request, "login.html", _again(pairs, refusal), status=422)
    return entered_as(request, member_id, form)


@post("/register", action="account.register", sync_to_thread=True)
def register(request: Request[Any, Any, Any], body: RawBody) -> Response[bytes]:
    """Open an account and sign in with it."""
    pairs = pairs_of(body)
    if "begin" in pairs:  # from the wall, with a form to be carried through this page too
        return gate_page(request, "register.html", _kept(pairs))
    try:
        form = read(pairs, Registration)
        spend_on_mail(request)
        with db_of(request).transaction() as session:
            member_id = _joined(session, form, visit_of(request).locale).id
    except Invalid as refusal:
        return gate_page(request, "register.html", _again(pairs, refusal), status=422)
    except NotAllowed as refusal:
        return gate_page(request, "register.html", _again(pairs, Invalid({"": refusal.text})), status=403)
    return entered_as(request, member_id, form, to=address_of("/confirm", next=safe_next(form.next)))


def _joined(session: Session, form: Registration, locale: str) -> Member:
    given: dict[str, Any] = {"handle": form.handle, "mail": form.mail, "password": form.password, "locale": locale}
    if form.invitation:
        return inviting.redeem(session, key=form.invitation, **given)
    return joining.join(session, **given)


@get("/invitation/{key:str}", action="account.register", sync_to_thread=True, include_in_schema=False)
def invitation(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """The door for those who were invited. To look uses nothing up."""
    with db_of(request).reading() as connection:
        inviting.look(connection, key=key)
    page = gate_page(request, "register.html", Gate(next="/", invitation=key))
    page.headers.update(mailed.SECRET)
    return page


def wall(request: Request[Any, Any, Any], pairs: Pairs, *, to: str, back: str) -> Response[bytes]:
    """The sign-in page in the way of a form, which it carries: once somebody is signed in, it is given back to them."""
    return gate_page(request, "login.html", Gate(next=safe_next(back), carried=carrying.packed(to, pairs)))


@post("/logout", action="account.sign-out", sync_to_thread=True)
def logout(request: Request[Any, Any, Any]) -> Response[bytes]:
    """End the session of this browser."""
    token = visit_of(request).token
    if token is not None:
        with db_of(request).transaction() as session:
            signing_in.sign_out(session, token)
        sessions.forget(request)
    return led_to(request, "/", "signed-out")


@post("/logout/everywhere", action="account.sign-out-everywhere", sync_to_thread=True)
def logout_everywhere(request: Request[Any, Any, Any]) -> Response[bytes]:
    """End every session of this member, on every device."""
    with db_of(request).transaction() as session:
        signing_in.sign_out_everywhere(session, current_account(request, session.connection()))
    sessions.forget(request)
    return led_to(request, "/login", "signed-out-everywhere")


class Leads(Protocol):
    """Something that says where to go on, and perhaps with which form."""

    @property
    def next(self) -> str: ...

    @property
    def carried(self) -> str: ...


def entered_as(
    request: Request[Any, Any, Any], member_id: int, form: Leads, notice: str = "", *, to: str = ""
) -> Response[bytes]:
    """Lead on whoever has just come in (to `to`, if it is given), or give back the form that they were sending."""
    was_away = _open_again(request, member_id)
    token = sign_in_here(request, member_id)
    carried = carrying.unpacked(form.carried)
    if carried is not None:
        return carrying.resumed(request, carried, token=token)
    return led_to(request, to or safe_next(form.next), "welcome-back" if was_away else notice)


def _open_again(request: Request[Any, Any, Any], member_id: int) -> bool:
    """Whoever had closed their account is told that it is open again."""
    with db_of(request).transaction() as session:
        return signing_in.come_back(session, member_id=member_id)


def _entered(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Who is inside already is led on."""
    with db_of(request).reading() as connection:
        if current_actor(request, connection).is_signed_in:
            return led_to(request, _gate(request).next)
    return None


def _gate(request: Request[Any, Any, Any]) -> Gate:
    return Gate(next=safe_next(request.query_params.get("next", "/")))


def _again(pairs: Pairs, refusal: Invalid) -> Gate:
    return _kept(pairs, tuple(refusal.fields.items()))


def _kept(pairs: Pairs, problems: tuple[tuple[str, Text], ...] = ()) -> Gate:
    kept = typed(pairs)
    return Gate(
        next=safe_next(kept.get("next", "/")),
        carried=kept.get("carried", ""),
        login=kept.get("login", ""),
        handle=kept.get("handle", ""),
        mail=kept.get("mail", ""),
        invitation=pairs.get("invitation", [""])[0],
        problems=problems,
    )


def gate_page(request: Request[Any, Any, Any], template: str, gate: Gate, *, status: int = 200) -> Response[bytes]:
    """The door with what stands on it; buttons lead to the providers that people can use."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        doors = tuple(providers.enabled(connection))
        page = framed(request, connection, actor, robots="noindex", has_bound_form=True)
    gate = msgspec.structs.replace(gate, providers=doors)
    return letting_out(request, shown(template, page, status=status, gate=gate), doors)


routes = [login_page, register_page, invitation, login, register, logout, logout_everywhere]
