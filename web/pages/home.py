"""The front page: the categories as one arcade, and what is going on."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request, Response, get

from forum.kernel.errors import N_, Text
from forum.threads.lists import Wanted, thread_list, waiting_longest
from forum.threads.places import category_list
from forum.threads.week import this_week
from web.arguments import query
from web.identity import current_actor
from web.installation import db_of, installation_of
from web.pages.frame import address_of, framed, shown
from web.pages.keeping import keep_list, version_before
from web.pages.linked_data import website
from web.pages.parts import Pager
from web.pages.rows import rows_of

AnyRequest = Request[Any, Any, Any]


class Asked(msgspec.Struct, frozen=True):
    sort: Literal["latest", "unanswered", "top"] = "latest"
    cursor: str = ""


_TABS: tuple[tuple[Text, Literal["latest", "unanswered", "top"]], ...] = (
    (Text(N_("Latest")), "latest"),
    (Text(N_("Unanswered")), "unanswered"),
    (Text(N_("Top")), "top"),
)


@get("/", action="thread.list", sync_to_thread=True, include_in_schema=False)
def home(request: AnyRequest) -> Response[bytes]:
    """The categories, and threads: the latest, those without an answer, or those most people found helpful."""
    asked = query(request, Asked)
    sort = "" if asked.sort == "latest" else asked.sort
    address = address_of("/", sort=sort, cursor=asked.cursor)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        found = thread_list(connection, actor, Wanted(sort=asked.sort), cursor=asked.cursor)
        categories = category_list(connection, actor)
        description = installation_of(request).sites.now(connection).description
        answer = shown(
            "home.html",
            framed(
                request,
                connection,
                actor,
                address=address if asked.cursor else "/",
                description=description,
                robots="noindex, follow" if asked.cursor else "",
                data=lambda here: (website(here, description),),
            ),
            categories=categories,
            open_count=sum(category.open_count for category in categories),
            tabs=[
                (word, address_of("/", sort="" if own == "latest" else own), own == asked.sort, None)
                for word, own in _TABS
            ],
            rows=rows_of(connection, found.items),
            pager=Pager(
                first=address_of("/", sort=sort) if asked.cursor else "",
                older=address_of("/", sort=sort, cursor=found.next) if found.next else "",
            ),
            waiting=waiting_longest(connection, actor),
            week=this_week(connection),
        )
    keep_list(request, actor, address=address, version=version)
    return answer


routes = [home]
