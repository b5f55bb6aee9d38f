"""Oneself over the API: what one says and prefers, what the company may receive, the keys of one's programs.

A token is made in a browser alone: whoever got hold of one must not be able to make another that outlives it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, delete, get, patch, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.members import accounts, consenting, pages, preferences, tokens
from web.api.calls import AnyRequest, Items, reading, writing
from web.api.describing import described
from web.api.members import Me, me_shape
from web.arguments import path_id
from web.bodies import Body
from web.identity import current_member
from web.installation import db_of


class MyChange(Body, frozen=True, kw_only=True):
    """What to change; what is left out stays. `locale` and `time_zone` may be "", which is what the browser says."""

    name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    locale: Literal["", "en", "it"] | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    unlisted: bool | UnsetType = UNSET
    hides_activity: bool | UnsetType = UNSET


class ConsentShape(msgspec.Struct, frozen=True, kw_only=True):
    """One's word on a purpose, and when it was given or taken back; `at` is null where it never was."""

    purpose: str
    given: bool
    at: datetime | None


class MyWord(Body, frozen=True, kw_only=True):
    """Whether the company may receive it under one's name."""

    given: bool


class TokenShape(msgspec.Struct, frozen=True, kw_only=True):
    """A token, without the token. `expires_at` is null where it is good until it is revoked."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@patch(
    "/api/v1/me",
    action="account.change",
    sync_to_thread=True,
    operation_class=described(),
    summary="Change what one says and prefers",
)
def change_me(request: AnyRequest, data: JSONBody[MyChange]) -> Response[Me]:
    with writing(request) as (session, actor):
        _change(session, actor, data)
    with reading(request) as (connection, actor):
        return Response(me_shape(request, connection, actor))


def _change(session: Session, actor: Actor, data: MyChange) -> None:
    before = pages.account_page(session.connection(), actor)

    def new(field: str, of: str = "") -> str:
        sent = getattr(data, field)
        return str(getattr(before, of or field)) if sent is UNSET else str(sent)

    if data.name is not UNSET or data.bio is not UNSET:
        accounts.edit_profile(session, actor, member_id=before.id, name=new("name"), bio=new("bio"))
    if data.locale is not UNSET or data.time_zone is not UNSET:
        preferences.choose_region(session, actor, locale=new("locale"), time_zone=new("time_zone"))
    if data.unlisted is not UNSET or data.hides_activity is not UNSET:
        preferences.choose_privacy(
            session,
            actor,
            is_unlisted=before.is_unlisted if data.unlisted is UNSET else data.unlisted,
            hides_activity=before.hides_activity if data.hides_activity is UNSET else data.hides_activity,
        )


@get(
    "/api/v1/me/consents",
    action="account.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="What the company may receive under one's name",
)
def list_consents(request: AnyRequest) -> Response[Items[ConsentShape]]:
    with db_of(request).reading() as connection:
        lines = consenting.consents(connection, current_member(request, connection))
    return Response(Items(items=[_consent(line) for line in lines], next=None))


def _consent(line: consenting.ConsentLine) -> ConsentShape:
    return ConsentShape(purpose=line.purpose, given=line.is_given, at=line.at)


@put(
    "/api/v1/me/consents/{purpose:str}",
    action="account.consent",
    sync_to_thread=True,
    operation_class=described(),
    summary="Agree to a purpose, or take one's word back",
)
def say(request: AnyRequest, purpose: FromPath[str], data: JSONBody[MyWord]) -> Response[ConsentShape]:
    with writing(request) as (session, actor):
        consenting.decide(session, actor, purpose=purpose, is_given=data.given)
        session.flush()
        lines = consenting.consents(session.connection(), actor)
    return Response(next(_consent(line) for line in lines if line.purpose == purpose))


@get(
    "/api/v1/me/tokens",
    action="account.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="One's tokens, the newest first",
)
def list_tokens(request: AnyRequest) -> Response[Items[TokenShape]]:
    with db_of(request).reading() as connection:
        lines = pages.token_list(connection, current_member(request, connection))
    return Response(Items(items=[TokenShape(**msgspec.structs.asdict(line)) for line in lines], next=None))


@delete(
    "/api/v1/me/tokens/{token_id:str}",
    action="account.tokens",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Revoke a token of one's own, this one too",
)
def revoke_token(request: AnyRequest, token_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        tokens.revoke(session, actor, token_id=path_id(token_id))


routes = [change_me, list_consents, say, list_tokens, revoke_token]
