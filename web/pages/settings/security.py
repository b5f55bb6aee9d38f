"""Settings: one's address and password, and where one is signed in."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import Invalid, Text
from forum.members import accounts, addresses, pages, signing_in
from web import forms
from web.arguments import path_id
from web.budgets import spend_on_account, spend_on_mail
from web.edge import sessions
from web.edge.visit import visit_of
from web.identity import current_member
from web.installation import db_of
from web.pages.browsers import browser_name
from web.pages.doors import letting_out
from web.pages.entering import Secret
from web.pages.frame import led_to
from web.pages.settings.frame import PLAIN, Answer, AnyRequest, mending, proof_of, setting


class PasswordForm(msgspec.Struct, frozen=True):
    """A new password, and the present one as proof."""

    current: Secret
    new: Secret
    keep: str = ""


class AddressForm(msgspec.Struct, frozen=True):
    """Another address, and the password as proof."""

    mail: str = ""
    password: Secret = ""


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in, by the name that people know it by."""

    line: pages.SignInLine
    name: Text | str


@get("/settings/security", action="settings.read", sync_to_thread=True, include_in_schema=False)
def security(request: AnyRequest) -> Response[bytes]:
    """One's password, and where one is signed in."""
    with db_of(request).reading() as connection:
        return _security_page(request, connection, current_member(request, connection), PLAIN)


@post("/settings/password", action="settings.security", sync_to_thread=True, include_in_schema=False)
def change_password(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Set a new one. Every other browser is signed out; this one goes on with a new session."""
    try:
        form = forms.parse(body, PasswordForm)
        _count_the_try(request)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            accounts.change_password(session, actor, current=form.current, new=form.new, keep_tokens=bool(form.keep))
            token = signing_in.sign_in(session, member_id=actor.member_id or 0, user_agent=_agent(request))
    except Invalid as refusal:
        with db_of(request).reading() as connection:
            return _security_page(request, connection, current_member(request, connection), mending(refusal))
    sessions.issue(request, token)
    return led_to(request, "/settings/security", "password-changed")


@post("/settings/address", action="settings.security", sync_to_thread=True, include_in_schema=False)
def change_address(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Have a link sent to another address. Whether that is somebody's already, the answer does not tell."""
    form = forms.parse(body, AddressForm)
    try:
        _count_the_try(request)
        spend_on_mail(request)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            token = visit_of(request).token
            is_sent = addresses.change(session, actor, mail=form.mail, password=form.password, token=token)
    except Invalid as refusal:
        with db_of(request).reading() as connection:
            actor = current_member(request, connection)
            return _security_page(request, connection, actor, mending(refusal), typed=form.mail)
    return led_to(request, "/settings/security", "address-asked" if is_sent else "mails-enough")


@post(
    "/settings/sign-ins/{sign_in_id:str}/end", action="settings.security", sync_to_thread=True, include_in_schema=False
)
def end_sign_in(request: AnyRequest, sign_in_id: FromPath[str]) -> Response[bytes]:
    """Sign one browser out."""
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        signing_in.end(session, actor, sign_in_id=path_id(sign_in_id))
    return led_to(request, "/settings/security", "browser-signed-out")


def _count_the_try(request: AnyRequest) -> None:
    """A password is tried here too: who got at a session must not be able to guess it faster than at the door."""
    with db_of(request).reading() as connection:
        spend_on_account(request, current_member(request, connection).handle)


def _security_page(
    request: AnyRequest, connection: Connection, actor: Actor, answer: Answer, *, typed: str = ""
) -> Response[bytes]:
    found = pages.sign_in_list(connection, actor, token=visit_of(request).token)
    browsers = [Browser(line=line, name=browser_name(line.user_agent)) for line in found]
    proof = proof_of(request, connection, actor, back="/settings/security")
    made = setting(
        request,
        connection,
        actor,
        "security",
        answer,
        proof=proof,
        handle=actor.handle,
        addresses=pages.address_page(connection, actor),
        typed=typed,
        browsers=browsers,
    )
    return letting_out(request, made, proof.doors)


def _agent(request: AnyRequest) -> str:
    return visit_of(request).headers.get(b"user-agent", b"").decode("latin-1")


routes = [security, change_password, change_address, end_sign_in]
