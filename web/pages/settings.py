"""Settings: what one says of oneself, sign-in and security, tokens for programs."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Invalid, Text
from forum.members import accounts, pages, signing_in, tokens
from web import forms
from web.arguments import path_id
from web.edge import sessions
from web.edge.visit import visit_of
from web.identity import current_member
from web.installation import db_of
from web.locales import LANGUAGE_NAMES, LOCALES
from web.pages.browsers import browser_name
from web.pages.entering import Secret
from web.pages.frame import framed, led_to, shown
from web.pages.parts import Page

AnyRequest = Request[Any, Any, Any]
Problems = tuple[tuple[str, Text], ...]

SCOPES: Final = {
    "read": (Text(N_("Read")), Text(N_("all that you can read"))),
    "write": (Text(N_("Write")), Text(N_("ask, answer, vote and edit as you"))),
    "moderate": (Text(N_("Moderate")), Text(N_("decide and see the review queue"))),
    "administer": (Text(N_("Administer")), Text(N_("change the installation"))),
}
_RIGHTS = {"moderate": "moderate", "administer": "administer"}
"""Scopes that only those are offered who have the right."""


class ProfileForm(msgspec.Struct, frozen=True):
    """What one says of oneself. An empty language is whatever the browser asks for."""

    name: str = ""
    bio: Annotated[str, Meta(max_length=accounts.LONGEST_BIO)] = ""
    locale: Literal["", "en", "it"] = ""


class PasswordForm(msgspec.Struct, frozen=True):
    """A new password, and the present one as proof."""

    current: Secret
    new: Secret


class TokenForm(msgspec.Struct, frozen=True):
    """A token to make."""

    name: str = ""
    scopes: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it is shown: what needs mending, and a secret that is shown this once."""

    problems: Problems = ()
    token: str = ""

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A token in the list, its scopes in words."""

    line: pages.TokenLine
    scopes: tuple[Text, ...]


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in, by the name that people know it by."""

    line: pages.SignInLine
    name: Text | str


PLAIN: Final = Answer()


@get("/settings", sync_to_thread=True, include_in_schema=False)
def profile(request: AnyRequest) -> Response[bytes]:
    """What one says of oneself, and the language one reads in."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        return _profile_page(request, connection, actor, PLAIN, None)


@post("/settings/profile", sync_to_thread=True, include_in_schema=False)
def save_profile(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Keep it."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, ProfileForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            accounts.edit_profile(
                session, actor, member_id=actor.member_id or 0, name=form.name, bio=form.bio, locale=form.locale
            )
    except Invalid as refusal:
        with db_of(request).reading() as connection:
            actor = current_member(request, connection)
            return _profile_page(request, connection, actor, _mending(refusal), forms.shown(pairs))
    return led_to(request, "/settings", "profile-saved")


def _profile_page(
    request: AnyRequest, connection: Connection, actor: Actor, answer: Answer, typed: dict[str, str] | None
) -> Response[bytes]:
    account = pages.account_page(connection, actor)
    if typed is not None:
        known = {name: value for name, value in typed.items() if name in ("name", "bio", "locale")}
        account = msgspec.structs.replace(account, **known)
    languages = [("", Text(N_("As my browser asks"))), *((own, LANGUAGE_NAMES[own]) for own in LOCALES)]
    return shown(
        "settings.html",
        _page(request, connection, actor),
        status=422 if answer.problems else 200,
        account=account,
        languages=languages,
        answer=answer,
    )


@get("/settings/security", sync_to_thread=True, include_in_schema=False)
def security(request: AnyRequest) -> Response[bytes]:
    """One's password, and where one is signed in."""
    with db_of(request).reading() as connection:
        return _security_page(request, connection, current_member(request, connection), PLAIN)


@post("/settings/password", sync_to_thread=True, include_in_schema=False)
def change_password(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Set a new one. Every other browser is signed out; this one goes on with a new session."""
    try:
        form = forms.parse(body, PasswordForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            accounts.change_password(session, actor, current=form.current, new=form.new)
            token = signing_in.sign_in(session, member_id=actor.member_id or 0, user_agent=_agent(request))
    except Invalid as refusal:
        with db_of(request).reading() as connection:
            return _security_page(request, connection, current_member(request, connection), _mending(refusal))
    sessions.issue(request, token)
    return led_to(request, "/settings/security", "password-changed")


@post("/settings/sign-ins/{sign_in_id:str}/end", sync_to_thread=True, include_in_schema=False)
def end_sign_in(request: AnyRequest, sign_in_id: FromPath[str]) -> Response[bytes]:
    """Sign one browser out."""
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        signing_in.end(session, actor, sign_in_id=path_id(sign_in_id))
    return led_to(request, "/settings/security", "browser-signed-out")


def _security_page(request: AnyRequest, connection: Connection, actor: Actor, answer: Answer) -> Response[bytes]:
    found = pages.sign_in_list(connection, actor, token=visit_of(request).token)
    return shown(
        "settings_security.html",
        _page(request, connection, actor),
        status=422 if answer.problems else 200,
        account=pages.account_page(connection, actor),
        browsers=[Browser(line=line, name=browser_name(line.user_agent)) for line in found],
        answer=answer,
    )


@get("/settings/tokens", sync_to_thread=True, include_in_schema=False)
def token_page(request: AnyRequest) -> Response[bytes]:
    """One's tokens."""
    with db_of(request).reading() as connection:
        return _token_page(request, connection, current_member(request, connection), PLAIN)


@post("/settings/tokens", sync_to_thread=True, include_in_schema=False)
def make_token(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Make one. It stands in this answer and nowhere else, so this form leads to no other address."""
    form = forms.parse(body, TokenForm)
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            answer = Answer(token=tokens.create(session, actor, name=form.name, scopes=list(form.scopes)))
    except Invalid as refusal:
        answer = _mending(refusal)
    with db_of(request).reading() as connection:
        return _token_page(request, connection, current_member(request, connection), answer, form)


@post("/settings/tokens/{token_id:str}/revoke", sync_to_thread=True, include_in_schema=False)
def revoke_token(request: AnyRequest, token_id: FromPath[str]) -> Response[bytes]:
    """End one."""
    with db_of(request).transaction() as session:
        tokens.revoke(session, current_member(request, session.connection()), token_id=path_id(token_id))
    return led_to(request, "/settings/tokens", "token-revoked")


def _token_page(
    request: AnyRequest, connection: Connection, actor: Actor, answer: Answer, form: TokenForm | None = None
) -> Response[bytes]:
    form = form if form is not None and answer.problems else TokenForm(scopes=("read",))
    offered = [
        (scope, word, says, scope in form.scopes)
        for scope, (word, says) in SCOPES.items()
        if scope not in _RIGHTS or actor.can(_RIGHTS[scope])
    ]
    page = shown(
        "settings_tokens.html",
        _page(request, connection, actor),
        status=422 if answer.problems else 200,
        keys=[
            Key(line=line, scopes=tuple(SCOPES[scope][0] for scope in SCOPES if scope in line.scopes))
            for line in pages.token_list(connection, actor)
        ],
        offered=offered,
        name=form.name,
        answer=answer,
    )
    if answer.token:
        page.headers["cache-control"] = "no-store"  # not even the browser's own memory shall show the secret again
    return page


def _page(request: AnyRequest, connection: Connection, actor: Actor) -> Page:
    return framed(request, connection, actor, robots="noindex")


def _mending(refusal: Invalid) -> Answer:
    return Answer(problems=tuple(refusal.fields.items()))


def _agent(request: AnyRequest) -> str:
    return visit_of(request).headers.get(b"user-agent", b"").decode("latin-1")


routes = [
    *(profile, save_profile, security, change_password, end_sign_in),
    *(token_page, make_token, revoke_token),
]
