"""Ideas: what people wish for, what the company answered, and the roadmap that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from markupsafe import Markup
from sqlalchemy import Connection

from forum.ideas.pages import PROMISES, IdeaLine, idea_list, roadmap, status_counts
from forum.kernel.access import Actor
from forum.kernel.errors import N_, Text
from web.arguments import query
from web.errors import SignInNeeded
from web.identity import current_actor
from web.installation import db_of
from web.pages.frame import address_of, framed, shown
from web.pages.keeping import keep_list, version_before
from web.pages.parts import Page, Pager
from web.pages.rows import beginning

AnyRequest = Request[Any, Any, Any]
Status = Literal["new", "under_review", "planned", "in_progress", "shipped", "declined", "duplicate"]
STATUS_NAMES: Mapping[str, Text] = {
    "new": Text(N_("New")),
    "under_review": Text(N_("Under review")),
    "planned": Text(N_("Planned")),
    "in_progress": Text(N_("In progress")),
    "shipped": Text(N_("Shipped")),
    "declined": Text(N_("Declined")),
    "duplicate": Text(N_("Duplicate")),
}
_BAYS = {"under_review": "plain", "planned": "planned", "in_progress": "house", "shipped": "solved"}


class Asked(msgspec.Struct, frozen=True):
    """Which ideas; `mine`: those that one votes for."""

    sort: Literal["top", "new"] = "top"
    status: Status | None = None
    mine: bool = False
    cursor: str = ""

    def address(self, *, cursor: str = "") -> str:
        sort = "" if self.sort == "top" else self.sort
        return address_of("/ideas", sort=sort, status=self.status or "", mine=int(self.mine), cursor=cursor)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An idea as the list and the roadmap show it."""

    line: IdeaLine
    href: str
    text: str
    said: Markup | str

    @property
    def is_mine(self) -> bool:
        return self.line.my_vote == 1


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A status with how many ideas have it."""

    name: Text
    href: str
    count: int
    is_current: bool


class Bay(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the roadmap."""

    name: Text
    look: str
    href: str
    count: int
    wishes: tuple[Wish, ...]


@get("/ideas", action="thread.list", sync_to_thread=True, include_in_schema=False)
def ideas(request: AnyRequest) -> Response[bytes]:
    """The ideas that most people wish for, or the newest, of one status or of all."""
    asked = query(request, Asked)
    address = asked.address(cursor=asked.cursor)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        if asked.mine and not actor.is_signed_in:
            raise SignInNeeded()
        version = version_before(request, connection, actor)
        page = framed(
            request,
            connection,
            actor,
            title=Text(N_("Ideas")),
            address=address if asked.cursor or asked.mine else "/ideas",
            robots="noindex, follow" if asked.cursor or asked.mine else "",
        )
        answer = _list(connection, actor, page, asked)
    keep_list(request, actor, address=address, version=version)
    return answer


def _list(connection: Connection, actor: Actor, page: Page, asked: Asked) -> Response[bytes]:
    found = idea_list(
        connection, actor, sort=asked.sort, status=asked.status or "", mine=asked.mine, cursor=asked.cursor
    )
    counts = status_counts(connection, actor)
    return shown(
        "ideas/list.html",
        page,
        asked=asked,
        here=asked.address(cursor=asked.cursor),
        tabs=_tabs(asked, actor),
        states=[_state(status, counts, asked) for status in STATUS_NAMES if counts.get(status)],
        wishes=[_wish(line, 260) for line in found.items],
        pager=Pager(
            first=asked.address() if asked.cursor else "",
            older=asked.address(cursor=found.next) if found.next else "",
        ),
    )


def _tabs(asked: Asked, actor: Actor) -> list[tuple[Text, str, bool, None]]:
    top, new, mine = (
        msgspec.structs.replace(asked, sort=sort, mine=mine)
        for sort, mine in (("top", False), ("new", False), ("top", True))
    )
    tabs = [
        (Text(N_("Top")), top.address(), asked.sort == "top" and not asked.mine, None),
        (Text(N_("Newest")), new.address(), asked.sort == "new" and not asked.mine, None),
    ]
    return [*tabs, (Text(N_("My votes")), mine.address(), asked.mine, None)] if actor.is_signed_in else tabs


def _state(status: str, counts: Mapping[str, int], asked: Asked) -> State:
    is_current = status == asked.status
    return State(
        name=STATUS_NAMES[status],
        href=address_of("/ideas", sort="" if asked.sort == "top" else asked.sort, status="" if is_current else status),
        count=counts[status],
        is_current=is_current,
    )


def _wish(line: IdeaLine, length: int) -> Wish:
    return Wish(
        line=line,
        href=f"/t/{line.id}/{line.slug}",
        text=beginning(line.beginning, length),
        said=beginning(line.said.html, 400) if line.said else "",
    )


@get("/ideas/roadmap", action="thread.list", sync_to_thread=True, include_in_schema=False)
def ideas_roadmap(request: AnyRequest) -> Response[bytes]:
    """What the company said that it would do, a bay for each state."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        counts = status_counts(connection, actor)
        placed = roadmap(connection, actor)
        bays = [
            Bay(
                name=STATUS_NAMES[status],
                look=_BAYS[status],
                href=address_of("/ideas", status=status),
                count=counts.get(status, 0),
                wishes=tuple(_wish(line, 120) for line in placed[status]),
            )
            for status in PROMISES
        ]
        page = framed(request, connection, actor, title=Text(N_("Roadmap")), address="/ideas/roadmap")
        answer = shown("ideas/roadmap.html", page, bays=bays, declined=counts.get("declined", 0))
    keep_list(request, actor, address="/ideas/roadmap", version=version)
    return answer


routes = [ideas, ideas_roadmap]
