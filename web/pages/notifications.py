"""What happened to what a member follows, in words; and marking it as read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import RawBody

from forum.kernel.errors import N_, Text
from forum.notifications.reading import ABOUT_ONESELF, News, mark_one_read, mark_read, news_list
from web import forms
from web.arguments import query
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.parts import Pager
from web.pages.rows import thread_href
from web.returning import safe_next

AnyRequest = Request[Any, Any, Any]
Which = Literal["all", "company", "decisions"]

KINDS: Final[dict[Which, tuple[str, ...]]] = {
    "all": (),
    "company": ("official", "idea-status"),
    "decisions": ("hidden", "restored", "closed", *ABOUT_ONESELF),
}
_TABS: Final[tuple[tuple[Which, Text], ...]] = (
    ("all", Text(N_("Everything"))),
    ("company", Text(N_("From the company"))),
    ("decisions", Text(N_("Decisions"))),
)
LOOKS: Final = {
    "reply": ("plain", "reply"),
    "accepted": ("solved", "solved"),
    "solved": ("solved", "solved"),
    "official": ("house", "house"),
    "idea-status": ("planned", "road"),
    "hidden": ("danger", "shield"),
    "restored": ("solved", "scales"),
    "closed": ("plain", "lock"),
    "needs-info": ("plain", "quote"),
    "suspend": ("danger", "shield"),
    "unsuspend": ("solved", "scales"),
    "silence": ("danger", "shield"),
    "unsilence": ("solved", "scales"),
}
"""The state and the icon of each kind; the words are in the template."""


class Asked(msgspec.Struct, frozen=True):
    """Which news, from where on."""

    which: Which = "all"
    cursor: str = ""


class Reading(msgspec.Struct, frozen=True):
    """What was read: one piece of news, or everything up to the newest that the page showed."""

    id: int = 0
    up_to: int = 0
    next: str = "/notifications"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news as the page shows it."""

    id: int
    kind: str
    state: str
    icon: str
    href: str
    title: str
    by: str
    status: str
    at: datetime
    is_read: bool


@get("/notifications", action="news.read", sync_to_thread=True, include_in_schema=False)
def notifications(request: AnyRequest) -> Response[bytes]:
    """One's news, the newest first."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = news_list(connection, actor, kinds=KINDS[asked.which], cursor=asked.cursor)
        page = framed(request, connection, actor, robots="noindex")
    unread = page.viewer.unread if page.viewer is not None else 0
    return shown(
        "notifications.html",
        page,
        lines=[_line(news) for news in found.items],
        unread=unread,
        newest=found.items[0].id if found.items and not asked.cursor else 0,
        tabs=[(word, _address(which), which == asked.which, None) for which, word in _TABS],
        pager=Pager(
            first=_address(asked.which) if asked.cursor else "",
            older=_address(asked.which, found.next) if found.next else "",
        ),
    )


@post("/notifications/read", action="news.mark", sync_to_thread=True, include_in_schema=False)
def read(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Mark one as read, or all that the page showed: what came meanwhile stays unread."""
    form = forms.parse(body, Reading)
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        if form.id:
            mark_one_read(session, actor, news_id=form.id)
        elif form.up_to:
            mark_read(session, actor, up_to=form.up_to)
        else:
            mark_read(session, actor)
    return led_to(request, safe_next(form.next, default="/notifications"), "" if form.id else "news-read")


def _address(which: Which, cursor: str = "") -> str:
    return address_of("/notifications", which="" if which == "all" else which, cursor=cursor)


def _line(news: News) -> Line:
    state, icon = LOOKS.get(news.kind, ("plain", "bell"))
    return Line(
        id=news.id,
        kind=news.kind,
        state=_state_of_idea(news.status) if news.kind == "idea-status" else state,
        icon=icon,
        href=_href(news),
        title=news.thread_title,
        by=news.by_name,
        status=news.status,
        at=news.at,
        is_read=news.is_read,
    )


def _href(news: News) -> str:
    if news.number:
        return f"/transparency/{news.number}"
    return f"/p/{news.post_id}" if news.post_id else thread_href(news.thread_id, news.thread_slug)


def _state_of_idea(status: str) -> str:
    return {"planned": "planned", "in_progress": "house", "shipped": "solved"}.get(status, "plain")


routes = [notifications, read]
