"""A category: its threads, narrowed by kind and state, in the order one likes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from sqlalchemy import Connection

from forum.kernel.access import MEMBERS, Actor
from forum.kernel.errors import N_, NotFound, Text
from forum.threads.lists import Wanted, thread_list
from forum.threads.places import CategoryLine, category_list, category_named, slug_now
from forum.threads.policies import may_ask
from web.arguments import query
from web.identity import current_actor
from web.installation import db_of
from web.pages.former import category_moved
from web.pages.frame import address_of, framed, moved_to, places_of, shown
from web.pages.keeping import keep_list, version_before
from web.pages.linked_data import QUESTIONS, crumbs
from web.pages.parts import Pager
from web.pages.rows import rows_of

AnyRequest = Request[Any, Any, Any]
Kind = Literal["question", "idea", "discussion", "announcement"]


class Asked(msgspec.Struct, frozen=True):
    """Which of its threads; what is left out narrows nothing."""

    sort: Literal["latest", "newest", "unanswered", "top"] = "latest"
    kind: Kind | None = None
    state: Literal["open", "solved", "closed"] | None = None
    cursor: str = ""

    def address(self, path: str, *, cursor: str = "") -> str:
        sort = "" if self.sort == "latest" else self.sort
        return address_of(path, sort=sort, kind=self.kind or "", state=self.state or "", cursor=cursor)


_SORTS: tuple[tuple[Text, Literal["latest", "newest", "unanswered", "top"]], ...] = (
    (Text(N_("Latest")), "latest"),
    (Text(N_("Newest")), "newest"),
    (Text(N_("Unanswered")), "unanswered"),
    (Text(N_("Top")), "top"),
)
_STATES = (
    ("", Text(N_("Everything"))),
    ("open", Text(N_("Open"))),
    ("solved", Text(N_("Solved"))),
    ("closed", Text(N_("Closed"))),
)
KIND_NAMES = {
    "question": Text(N_("Questions")),
    "idea": Text(N_("Ideas")),
    "discussion": Text(N_("Discussions")),
    "announcement": Text(N_("Announcements")),
}


@get("/c/{slug:str}", action="category.read", sync_to_thread=True, include_in_schema=False)
def category(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """The threads of one category. Where it stood before leads to where it stands."""
    asked, path = query(request, Asked), f"/c/{slug}"
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        try:
            place = category_named(connection, actor, slug)
        except NotFound:
            return _moved(connection, actor, slug, asked)
        called = places_of(request, connection, actor)
        found = thread_list(connection, actor, _wanted(asked, place), cursor=asked.cursor)
        answer = shown(
            "category.html",
            framed(
                request,
                connection,
                actor,
                title=called.name(place.slug, place.name),
                description=called.description(place.slug, place.description),
                address=asked.address(path, cursor=asked.cursor) if asked.cursor else path,
                robots="noindex, follow" if asked.cursor or not found.items else "",
                data=lambda here: (crumbs(here, QUESTIONS, (called.name(place.slug, place.name), "")),),
            ),
            place=place,
            asked=asked,
            tabs=[
                (word, msgspec.structs.replace(asked, sort=own).address(path), own == asked.sort, None)
                for word, own in _SORTS
            ],
            kinds=[("", Text(N_("Any kind"))), *((kind, KIND_NAMES[kind]) for kind in place.kinds)],
            states=_STATES,
            rows=rows_of(connection, found.items, with_category=False),
            pager=Pager(
                first=asked.address(path) if asked.cursor else "",
                older=asked.address(path, cursor=found.next) if found.next else "",
            ),
            may_open=may_ask(actor, place).allowed if actor.is_signed_in else place.openers <= MEMBERS,
            others=category_list(connection, actor),
        )
    keep_list(request, actor, address=asked.address(path, cursor=asked.cursor), version=version)
    return answer


def _moved(connection: Connection, actor: Actor, slug: str, asked: Asked) -> Response[bytes]:
    """From where a category stood before it was renamed, or imported."""
    try:
        return moved_to(asked.address(f"/c/{slug_now(connection, actor, slug)}", cursor=asked.cursor))
    except NotFound:
        return category_moved(connection, actor, slug)


def _wanted(asked: Asked, place: CategoryLine) -> Wanted:
    return Wanted(sort=asked.sort, kind=asked.kind or "", state=asked.state or "", category_id=place.id)


routes = [category]
