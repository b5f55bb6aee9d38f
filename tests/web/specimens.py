"""One of everything that pages are made of, for tests that render and for eyes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forum.kernel.errors import Text
from web.pages.parts import Facet, FacetValue, Label, Notice, Page, Pager, Person, ThreadRow, Viewer, Vote, numbered

SOURCE = (Path(__file__).parent / "components.html").read_text("utf-8")
NOW = datetime(2026, 11, 12, 7, 40, tzinfo=UTC)
HOSTILE = """<script>alert('x')</script> & "quotes" %(name)s 100%"""
STATUSES = ("new", "under_review", "planned", "in_progress", "shipped", "declined", "duplicate")

MARTA = Person(name="Marta Oliveira", handle="marta", points=148)
CHIARA = Person(name="Chiara Venturi", handle="chiara", is_staff=True, team="Service engineering", points=9)
GONE = Person(name=HOSTILE, points=1)


def page(locale: str = "en", **changes: Any) -> Page:
    """A page of somebody who is signed in."""
    viewer = Viewer(handle="marta", name="Marta Oliveira", unread=3, may_moderate=True, may_administer=True)
    notices = (Notice(Text("There is no file of this name."), undo="/undo"), Notice(HOSTILE, "danger"))
    given = {"title": HOSTILE, "viewer": viewer, "csrf": "token", "notices": notices, **changes}
    return Page(locale=locale, path="/t/1/x?a=1&b=2", site_name="Alzaia & friends", **given)


def row(**changes: Any) -> ThreadRow:
    """A thread in a list."""
    given = {
        "href": "/t/1/duo",
        "title": "Duo: brew pressure climbs to 12 bar halfway through the shot",
        "last_by": MARTA,
        "last_at": NOW,
        "category": Label("Machines", "/c/machines"),
        "tags": (Label("duo", "/tags/duo"), Label("opv", "/tags/opv")),
    }
    return ThreadRow(**{**given, **changes})


def rows() -> tuple[ThreadRow, ...]:
    return (
        row(is_solved=True, is_official=True, replies=4, score=1204, is_unread=True, excerpt="That is the valve."),
        row(replies=1, score=1, is_urgent=True, is_critical=True, last_by=CHIARA, title=HOSTILE, locale="it"),
        row(is_closed=True, is_duplicate=True, category=None, tags=()),
        row(kind="announcement", replies=12),
        *(row(kind="idea", idea_status=status, replies=31) for status in STATUSES),
    )


def context(locale: str = "en") -> dict[str, Any]:
    """What components.html takes."""
    return {
        "page": page(locale),
        "rows": rows(),
        "pager": numbered(8, 86, "/?page={}".format),
        "keyset": Pager(older="/?cursor=a", newer="/?cursor=b"),
        "single": numbered(1, 1, "/?page={}".format),
        "everybody": (MARTA, CHIARA, GONE),
        "vote": Vote("/vote", -1204, -1),
        "facets": (
            Facet(
                "kind", "Kind", (FacetValue("idea", "Ideas", 3), FacetValue("question", HOSTILE, None, is_chosen=True))
            ),
        ),
        "problems": [("title", Text("There is no file of this name.")), ("", HOSTILE)],
        "refusal": Text("That was a lot at once. Wait a moment, then try again."),
        "statuses": STATUSES,
        "hostile": HOSTILE,
        "now": NOW,
        "one": 1,
        "many": 1204,
    }
