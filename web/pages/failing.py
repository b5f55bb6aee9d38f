"""The pages for people when something cannot be shown. None of them asks the database: it may be what is away."""

from __future__ import annotations

from http import HTTPStatus

from forum.kernel.access import Actor
from forum.kernel.errors import Text
from moderation.policies import may_see_queue
from web.edge.visit import Visit
from web.errors import ErrorPage, Explained
from web.pages.parts import Page, Viewer
from web.rendering import render
from web.site import Sites

_OWN_TEMPLATE = frozenset({403, 404, 410, 429, 500, 503})


def error_page(site: Sites) -> ErrorPage:
    """The maker of error pages of a site."""

    def make(explained: Explained, visit: Visit) -> bytes:
        status = explained.kind.status
        template = f"errors/{status}.html" if status in _OWN_TEMPLATE else "errors/other.html"
        return render(
            template,
            visit.locale,
            page=_page(site.known.name, visit),
            text=explained.text,
            heading=Text(explained.kind.title),
            number=visit.id if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
            query=_words(visit.path),
            rows=(),
            decision="",
            wait=int(explained.headers.get("retry-after", "1")),
        )

    return make


def _page(site_name: str, visit: Visit) -> Page:
    signed_in = visit.actor is not None and visit.actor.is_signed_in
    return Page(
        locale=visit.locale,
        path=visit.path,
        site_name=site_name,
        theme=visit.theme,
        robots="noindex",
        viewer=_viewer(visit.actor) if visit.actor and signed_in else None,
        csrf=visit.seal(visit) if visit.seal and signed_in else "",
    )


def _viewer(actor: Actor) -> Viewer:
    return Viewer(
        handle=actor.handle,
        name=actor.name,
        is_staff=actor.is_staff,
        may_moderate=may_see_queue(actor).allowed,
        may_administer=actor.can("administer"),
        is_suspended=actor.suspended,
    )


def _words(path: str) -> str:
    """What a wrong address was probably about: its last part, without hyphens and numbers."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    return " ".join(word for word in last.replace("_", "-").split("-") if not word.isdigit())[:80]
