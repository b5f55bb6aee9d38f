"""Settings: what one says of oneself."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody
from msgspec import Meta
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Invalid, Text
from forum.members import accounts, pages
from web import forms
from web.identity import current_member
from web.installation import db_of
from web.locales import LANGUAGE_NAMES, LOCALES
from web.pages.frame import led_to
from web.pages.settings.frame import PLAIN, Answer, AnyRequest, mending, setting


class ProfileForm(msgspec.Struct, frozen=True):
    """What one says of oneself. An empty language is whatever the browser asks for."""

    name: str = ""
    bio: Annotated[str, Meta(max_length=accounts.LONGEST_BIO)] = ""
    locale: Literal["", "en", "it"] = ""


@get("/settings", action="settings.read", sync_to_thread=True, include_in_schema=False)
def profile(request: AnyRequest) -> Response[bytes]:
    """What one says of oneself, and the language one reads in."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        return _profile_page(request, connection, actor, PLAIN, None)


@post("/settings/profile", action="settings.profile", sync_to_thread=True, include_in_schema=False)
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
            return _profile_page(request, connection, actor, mending(refusal), forms.shown(pairs))
    return led_to(request, "/settings", "profile-saved")


def _profile_page(
    request: AnyRequest, connection: Connection, actor: Actor, answer: Answer, typed: dict[str, str] | None
) -> Response[bytes]:
    account = pages.account_page(connection, actor)
    if typed is not None:
        known = {name: value for name, value in typed.items() if name in ("name", "bio", "locale")}
        account = msgspec.structs.replace(account, **known)
    languages = [("", Text(N_("As my browser asks"))), *((own, LANGUAGE_NAMES[own]) for own in LOCALES)]
    return setting(request, connection, actor, "profile", answer, account=account, languages=languages)


routes = [profile, save_profile]
