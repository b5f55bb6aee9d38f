"""Settings: the language and the time zone that one reads in."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody

from forum.kernel.errors import N_, Invalid, Text
from forum.members import pages, preferences
from web import forms
from web.identity import current_member
from web.installation import db_of
from web.locales import LANGUAGE_NAMES, LOCALES
from web.pages.frame import led_to
from web.pages.settings.frame import PLAIN, Answer, AnyRequest, mending, setting


class LanguageForm(msgspec.Struct, frozen=True):
    """How one reads. What is empty is whatever the browser says."""

    locale: Literal["", "en", "it"] = ""
    time_zone: str = ""


@get("/settings/language", action="settings.read", sync_to_thread=True, include_in_schema=False)
def language(request: AnyRequest) -> Response[bytes]:
    """Both choices."""
    return _page(request)


@post("/settings/language", action="settings.preferences", sync_to_thread=True, include_in_schema=False)
def save_language(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Keep them."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, LanguageForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            preferences.choose_region(session, actor, locale=form.locale, time_zone=form.time_zone)
    except Invalid as refusal:
        return _page(request, mending(refusal), forms.shown(pairs))
    return led_to(request, "/settings/language", "settings-saved")


def _page(request: AnyRequest, answer: Answer = PLAIN, typed: dict[str, str] | None = None) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        account = pages.account_page(connection, actor)
        kept = {name: value for name, value in (typed or {}).items() if name in ("locale", "time_zone")}
        account = msgspec.structs.replace(account, **kept)
        return setting(
            request, connection, actor, "language", answer, account=account, languages=_languages(), zones=_zones()
        )


def _languages() -> list[tuple[str, Text | str]]:
    return [("", Text(N_("As my browser asks"))), *((own, LANGUAGE_NAMES[own]) for own in LOCALES)]


def _zones() -> list[tuple[str, Text | str]]:
    """By the names of the tz database, which are English and known from phones and computers."""
    named = ((name, name.replace("_", " ")) for name in preferences.zone_names())
    return [("", Text(N_("That of my browser"))), *named]


routes = [language, save_language]
