"""Settings: all that is kept of oneself, to take along; and leaving, for a while or for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody
from litestar.response import Stream
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import Conflict, Invalid
from forum.members import avatars, leaving, pages
from forum.members.actors import actor_of
from web import exporting, forms
from web.budgets import spend_on_account
from web.edge import sessions
from web.edge.visit import visit_of
from web.identity import current_account
from web.installation import db_of, installation_of
from web.pages.doors import letting_out
from web.pages.entering import Secret
from web.pages.frame import led_to
from web.pages.settings.frame import PLAIN, Answer, AnyRequest, mending, proof_of, setting

PLACE = "/settings/data"


class AwayForm(msgspec.Struct, frozen=True):
    """The proof that it is oneself who leaves for a while. Who has no password has just come in instead."""

    password: Secret = ""


class GoneForm(msgspec.Struct, frozen=True):
    """The proof that one means to leave for good: the account's own name, typed, and the password."""

    handle: str
    gone_password: Secret = ""


@get(PLACE, action="settings.own", sync_to_thread=True, include_in_schema=False)
def data(request: AnyRequest) -> Response[bytes]:
    """What can be done with all of it."""
    return _page(request)


@post(f"{PLACE}/export", action="settings.data", sync_to_thread=True, include_in_schema=False)
def export(request: AnyRequest) -> Stream:
    """One archive, written while it is sent. It is a form and no link, so that nothing else than a person's wish starts it."""
    with db_of(request).reading() as connection:
        actor = current_account(request, connection)
    name = f"loggia-{actor.handle}-{now():%Y-%m-%d}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Stream(_archive(request, actor), status_code=200, media_type="application/zip", headers=headers)


def _archive(request: AnyRequest, actor: Actor) -> Iterator[bytes]:
    """Who asks is looked up once more on the connection that reads: the stream outlives the request that began it."""
    uploads = installation_of(request).settings.uploads_dir
    return exporting.archive(db_of(request), lambda connection: actor_of(connection, actor.member_id), uploads=uploads)


@post(f"{PLACE}/deactivate", action="settings.leave", sync_to_thread=True, include_in_schema=False)
def deactivate(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Close the account; signing in within a month opens it again."""
    try:
        form = forms.parse(body, AwayForm)
        _count_the_try(request)
        with db_of(request).transaction() as session:
            actor = current_account(request, session.connection())
            leaving.deactivate(session, actor, password=form.password, token=visit_of(request).token)
    except (Invalid, Conflict) as refusal:
        return _page(request, _refused(refusal))
    sessions.forget(request)
    return led_to(request, "/", "account-closed")


@post(f"{PLACE}/delete", action="settings.leave", sync_to_thread=True, include_in_schema=False)
def delete(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Delete the account for good, and the picture with it at once."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, GoneForm)
        _count_the_try(request)
        with db_of(request).transaction() as session:
            actor = current_account(request, session.connection())
            token = visit_of(request).token
            leaving.delete(session, actor, handle=form.handle, password=form.gone_password, token=token)
    except (Invalid, Conflict) as refusal:
        return _page(request, _refused(refusal, renamed={"password": "gone_password"}), forms.shown(pairs))
    with db_of(request).reading() as connection:
        avatars.discard(connection, installation_of(request).settings.uploads_dir, actor.avatar)
    sessions.forget(request)
    return led_to(request, "/", "account-deleted")


@post(f"{PLACE}/key", action="settings.leave", sync_to_thread=True, include_in_schema=False)
def ask_for_key(request: AnyRequest) -> Response[bytes]:
    """Have the key mailed that deletes an account which has no password."""
    try:
        with db_of(request).transaction() as session:
            leaving.ask_for_key(session, current_account(request, session.connection()))
    except Conflict as refusal:
        return _page(request, _refused(refusal))
    return led_to(request, PLACE, "key-sent")


def _count_the_try(request: AnyRequest) -> None:
    """A password is tried here too: who got at a session must not be able to guess it faster than at the door."""
    with db_of(request).reading() as connection:
        spend_on_account(request, current_account(request, connection).handle)


def _refused(refusal: Invalid | Conflict, renamed: dict[str, str] | None = None) -> Answer:
    """Fields of two forms on one page have names of their own; what concerns none of them stands above."""
    if isinstance(refusal, Conflict):
        return Answer(problems=(("", refusal.text),))
    names = renamed or {}
    return mending(Invalid({names.get(name, name): text for name, text in refusal.fields.items()}))


def _page(request: AnyRequest, answer: Answer = PLAIN, typed: dict[str, str] | None = None) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_account(request, connection)
        proof = proof_of(request, connection, actor, back=PLACE)
        context = _context(connection, actor, typed or {})
        made = setting(request, connection, actor, "data", answer, proof=proof, **context)
    return letting_out(request, made, proof.doors)


def _context(connection: Connection, actor: Actor, typed: dict[str, str]) -> dict[str, Any]:
    return {
        "account": pages.account_page(connection, actor),
        "has_address": bool(pages.address_page(connection, actor).own),
        "handle": typed.get("handle", ""),
        "days": leaving.AWAY.days,
    }


routes = [data, export, deactivate, delete, ask_for_key]
