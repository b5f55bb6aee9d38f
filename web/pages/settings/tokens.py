"""Settings: keys for programs."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import N_, Invalid, Text
from forum.members import pages, tokens
from web import forms
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import led_to
from web.pages.settings.frame import PLAIN, Answer, AnyRequest, mending, setting

SCOPES: Final = {
    "read": (Text(N_("Read")), Text(N_("all that you can read"))),
    "write": (Text(N_("Write")), Text(N_("ask, answer, vote and edit what is yours"))),
    "moderate": (
        Text(N_("Moderate")),
        Text(N_("change what others wrote, accept for them, decide, speak for the company: whatever you may")),
    ),
    "administer": (Text(N_("Administer")), Text(N_("change the installation"))),
}
LIVES: Final = (
    ("30", Text(N_("30 days"))),
    ("90", Text(N_("90 days"))),
    ("365", Text(N_("A year"))),
    ("", Text(N_("Until I revoke it"))),
)


class TokenForm(msgspec.Struct, frozen=True):
    """A token to make."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    days: Literal["", "30", "90", "365"] = ""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A token in the list, its scopes in words, and whether its time is over."""

    line: pages.TokenLine
    scopes: tuple[Text, ...]
    is_over: bool


@get("/settings/tokens", action="settings.read", sync_to_thread=True, include_in_schema=False)
def token_page(request: AnyRequest) -> Response[bytes]:
    """One's tokens."""
    with db_of(request).reading() as connection:
        return _token_page(request, connection, current_member(request, connection), PLAIN)


@post("/settings/tokens", action="settings.tokens", sync_to_thread=True, include_in_schema=False)
def make_token(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Make one. It stands in this answer and nowhere else, so this form leads to no other address."""
    pairs = forms.pairs_of(body)
    form = TokenForm(name=pairs.get("name", [""])[-1], scopes=tuple(pairs.get("scopes", ())))
    try:
        form = forms.read(pairs, TokenForm)
        days = int(form.days) if form.days else None
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            token = tokens.create(session, actor, name=form.name, scopes=list(form.scopes), days=days)
            answer = Answer(token=token)
    except Invalid as refusal:
        answer = mending(refusal)
    with db_of(request).reading() as connection:
        return _token_page(request, connection, current_member(request, connection), answer, form)


@post("/settings/tokens/{token_id:str}/revoke", action="settings.tokens", sync_to_thread=True, include_in_schema=False)
def revoke_token(request: AnyRequest, token_id: FromPath[str]) -> Response[bytes]:
    """End one."""
    with db_of(request).transaction() as session:
        tokens.revoke(session, current_member(request, session.connection()), token_id=path_id(token_id))
    return led_to(request, "/settings/tokens", "token-revoked")


def _token_page(
    request: AnyRequest, connection: Connection, actor: Actor, answer: Answer, form: TokenForm | None = None
) -> Response[bytes]:
    form = form if form is not None and answer.problems else TokenForm(scopes=("read",), days="90")
    keys = [_key(line) for line in pages.token_list(connection, actor)]
    page = setting(
        request, connection, actor, "tokens", answer, keys=keys, offered=_offered(actor, form), form=form, lives=LIVES
    )
    if answer.token:
        page.headers["cache-control"] = "no-store"  # not even the browser's own memory shall show the secret again
    return page


def _offered(actor: Actor, form: TokenForm) -> list[tuple[str, Text, Text, bool]]:
    return [
        (scope, word, says, scope in form.scopes) for scope, (word, says) in SCOPES.items() if _is_of_use(actor, scope)
    ]


def _is_of_use(actor: Actor, scope: str) -> bool:
    """Whether this member has anything that the scope would open."""
    if scope == "moderate":
        return actor.has_rights_over_others
    return scope != "administer" or actor.can("administer")


def _key(line: pages.TokenLine) -> Key:
    words = tuple(SCOPES[scope][0] for scope in SCOPES if scope in line.scopes)
    return Key(line=line, scopes=words, is_over=line.expires_at is not None and line.expires_at <= now())


routes = [token_page, make_token, revoke_token]
