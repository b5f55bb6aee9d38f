"""The footer's two choices: the language to read in and the theme. Each is a cookie, set only by choosing.

Whoever is signed in keeps the language with their account, so every device and every mail follows it.
"""

from __future__ import annotations

from typing import Any, Literal

from litestar import Request, Response, post
from litestar.params import RawBody
from msgspec import Struct

from forum.members import accounts
from web.edge.cookies import LOCALE, THEME
from web.edge.visit import visit_of
from web.forms import parse
from web.identity import current_actor
from web.installation import db_of
from web.returning import safe_next


class LocaleChoice(Struct, frozen=True):
    locale: Literal["en", "it"]
    next: str = "/"


class ThemeChoice(Struct, frozen=True):
    theme: Literal["system", "light", "dark"]
    next: str = "/"


@post("/locale", action="site.choose", sync_to_thread=True, status_code=303)
def choose_locale(request: Request[Any, Any, Any], body: RawBody) -> Response[None]:
    """Keep the language and go back."""
    choice = parse(body, LocaleChoice)
    visit = visit_of(request)
    if visit.token is not None:
        with db_of(request).transaction() as session:
            actor = current_actor(request, session.connection())
            if actor.is_signed_in:
                accounts.choose_locale(session, actor, locale=choice.locale)
    visit.new_cookies.append(LOCALE.spelled(choice.locale, https=visit.https))
    return _back(choice.next)


@post("/theme", action="site.choose", sync_to_thread=False, status_code=303)
def choose_theme(request: Request[Any, Any, Any], body: RawBody) -> Response[None]:
    """Keep the theme and go back. "As on this device" takes the cookie away."""
    choice = parse(body, ThemeChoice)
    visit = visit_of(request)
    https = visit.https
    kept = THEME.taken_back(https=https) if choice.theme == "system" else THEME.spelled(choice.theme, https=https)
    visit.new_cookies.append(kept)
    return _back(choice.next)


def _back(address: str) -> Response[None]:
    return Response(None, status_code=303, headers={"location": safe_next(address)})


routes = [choose_locale, choose_theme]
