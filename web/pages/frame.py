"""What stands around the content of every page, and the ways a handler answers: a page, or a way on.

A handler reads `with db_of(request).reading() as connection`, asks `current_actor`, makes its `framed(...)` page and answers
with `shown(...)`. After a form it answers `led_to(...)`, or the form again with status 422.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response
from markupsafe import Markup
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import Text
from forum.notifications.reading import unread_count
from moderation.policies import may_see_queue
from web import wording
from web.edge.csrf import form_token
from web.edge.visit import visit_of
from web.installation import AnyConnection, installation_of
from web.locales import LOCALES
from web.pages import notices
from web.pages.linked_data import Here, Node, block
from web.pages.parts import Banner, Page, Viewer
from web.places import Places
from web.rendering import render
from web.returning import safe_next

NO_DATA: Final = Markup()
_IN_ADDRESSES: Final = "/?#%:@!$&'()*+,;=[]~"


def framed(
    request: AnyConnection,
    connection: Connection,
    actor: Actor,
    *,
    title: Text | str = "",
    description: Text | str = "",
    address: str = "",
    robots: str = "",
    place: str = "",
    has_bound_form: bool = False,
    kind: str = "website",
    data: Callable[[Here], Sequence[Node]] | None = None,
) -> Page:
    """The page around some content, for whoever reads it; one select for the bell of a member, none for visitors.

    `address` is the page's own, path and query, and becomes its canonical link. Pages of visitors hold no token, so that they
    can be kept for all, unless `has_bound_form` says that a form on it needs one (signing in, registering). `kind` and `data`
    are what the page tells machines of itself (Open Graph's type, and nodes of schema.org): it does so only where anybody
    can find it, to readers who are not signed in.
    """
    visit, here = visit_of(request), installation_of(request)
    settings, site = here.settings, here.sites.now(connection)
    visit.site_version = site.version
    locale, base = language_of(request, actor), settings.base_url.rstrip("/")
    places = here.sites.places(locale)
    is_told = bool(address) and not robots and not actor.is_signed_in
    return Page(
        locale=locale,
        path=visit.path,
        site_name=site.name,
        tagline=site.tagline,
        banner=Banner(site.banner, site.banner_level) if site.has_banner(now()) else None,
        registration=site.registration,
        title=title,
        description=description,
        canonical=base + address if address else "",
        kind=kind if is_told else "",
        base=base,
        data=block(data(Here(base, site.name, locale, places))) if is_told and data is not None else NO_DATA,
        theme=visit.theme,
        viewer=_viewer(connection, actor) if actor.is_signed_in else None,
        csrf=form_token(request) if actor.is_signed_in or has_bound_form else "",
        notices=notices.take(visit),
        robots=robots,
        place=place,
        time_zone=actor.time_zone,
        places=places,
    )


def language_of(request: AnyConnection, actor: Actor) -> str:
    """The language to answer in: the account's choice comes before the browser's."""
    visit = visit_of(request)
    if actor.locale in LOCALES:
        visit.locale = actor.locale  # an error that comes later is told in it too
    return visit.locale


def places_of(request: AnyConnection, connection: Connection, actor: Actor) -> Places:
    """What categories are called in the language of whoever reads: for titles, and whatever no template says."""
    sites = installation_of(request).sites
    sites.now(connection)
    return sites.places(language_of(request, actor))


def _viewer(connection: Connection, actor: Actor) -> Viewer:
    return Viewer(
        handle=actor.handle,
        name=actor.name,
        is_staff=actor.is_staff,
        avatar=actor.avatar,
        unread=unread_count(connection, actor),
        may_moderate=may_see_queue(actor).allowed,
        may_administer=actor.can("administer"),
        is_suspended=actor.suspended,
    )


def shown(template: str, page: Page, *, status: int = 200, **context: object) -> Response[bytes]:
    """The page as an answer. `context` holds objects, no dicts; see `web.rendering`."""
    with wording.told_in(page.time_zone, page.places):
        content = render(template, page.locale, page=page, **context)
    return Response(content, status_code=status, media_type="text/html")


def fragment(template: str, locale: str, **context: object) -> Response[bytes]:
    """A part of a page, for script that asked for it alone."""
    return Response(render(template, locale, **context), media_type="text/html", headers={"cache-control": "no-store"})


def led_to(request: AnyConnection, address: str, notice: str = "") -> Response[bytes]:
    """Lead the browser on after a form was sent (303); the page there says the notice of that name once."""
    if notice:
        notices.leave(visit_of(request), notice)
    return _to(address, 303)


def moved_to(address: str, *, status: int = 301) -> Response[bytes]:
    """The page has another address: for good (301), or just now (302)."""
    return _to(address, status)


def _to(address: str, status: int) -> Response[bytes]:
    """Part of an address may be what the browser sent: what no address holds is spelled out, line ends above all."""
    return Response(b"", status_code=status, headers={"location": quote(address, safe=_IN_ADDRESSES)})


def to_sign_in(back: str = "/") -> Response[bytes]:
    """Lead a visitor to the sign-in page, and from there to `back`."""
    return Response(b"", status_code=303, headers={"location": f"/login?next={quote(safe_next(back), safe='/')}"})


def address_of(path: str, **arguments: str | int) -> str:
    """A path with its query as this site spells it in links: arguments in the given order, empty ones and zeros left out."""
    query = urlencode({name: value for name, value in arguments.items() if value})
    return f"{path}?{query}" if query else path
