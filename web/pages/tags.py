"""Tags: all of them, and the threads under one."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup

from forum.kernel.errors import N_, Text
from forum.threads.lists import Wanted, thread_list
from forum.threads.places import tag_list, tag_named
from forum.threads.tags import folded
from web.arguments import query
from web.identity import current_actor
from web.installation import db_of
from web.pages.frame import address_of, framed, moved_to, shown
from web.pages.keeping import keep_list, version_before
from web.pages.linked_data import TAGS, crumbs
from web.pages.parts import Pager
from web.pages.rows import rows_of, tag_label

AnyRequest = Request[Any, Any, Any]
MOST = 120
Sort = Literal["latest", "newest", "unanswered", "top"]


class Find(msgspec.Struct, frozen=True):
    """The beginning of a tag."""

    q: str = ""


class Asked(msgspec.Struct, frozen=True):
    sort: Sort = "latest"
    state: Literal["open", "solved", "closed"] | None = None
    cursor: str = ""

    def address(self, path: str, *, cursor: str = "") -> str:
        return address_of(path, sort="" if self.sort == "latest" else self.sort, state=self.state or "", cursor=cursor)


class TagTile(msgspec.Struct, frozen=True, kw_only=True):
    """A tag among the others."""

    name: str
    href: str
    description: str
    thread_count: int


_SORTS: tuple[tuple[Text, Sort], ...] = (
    (Text(N_("Latest")), "latest"),
    (Text(N_("Newest")), "newest"),
    (Text(N_("Unanswered")), "unanswered"),
    (Text(N_("Top")), "top"),
)


@get("/tags", action="tag.read", sync_to_thread=True, include_in_schema=False)
def tags(request: AnyRequest) -> Response[bytes]:
    """The tags that most threads are under, or those that begin as was asked."""
    prefix = folded(query(request, Find).q)
    address = address_of("/tags", q=prefix)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        tiles = [
            TagTile(
                name=tag.name,
                href=tag_label(tag.key).href,
                description=_first_line(tag.description),
                thread_count=tag.thread_count,
            )
            for tag in tag_list(connection, prefix=prefix, limit=MOST)
        ]
        page = framed(
            request,
            connection,
            actor,
            title=Text(N_("Tags")),
            address="/tags",
            robots="" if tiles else "noindex, follow",
        )
        answer = shown("tags.html", page, tiles=tiles, prefix=prefix)
    keep_list(request, actor, address=address, version=version)
    return answer


def _first_line(description: str) -> str:
    line = description.strip().partition("\n")[0]
    return line if len(line) <= 140 else line[:140].rpartition(" ")[0] + " …"


@get("/tags/{key:str}", action="tag.read", sync_to_thread=True, include_in_schema=False)
def tag(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
    """The threads under a tag. Another spelling of it leads to its own."""
    asked, path = query(request, Asked), tag_label(key).href
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        if folded(key) != key:
            return moved_to(asked.address(tag_label(tag_named(connection, actor, folded(key)).key).href))
        found_tag = tag_named(connection, actor, key)
        wanted = Wanted(sort=asked.sort, tag=found_tag.key, state=asked.state or "")
        found = thread_list(connection, actor, wanted, cursor=asked.cursor)
        answer = shown(
            "tag.html",
            framed(
                request,
                connection,
                actor,
                title=found_tag.name,
                address=asked.address(path, cursor=asked.cursor) if asked.cursor else path,
                description=_first_line(found_tag.description),
                robots="noindex, follow" if asked.cursor or not found.items else "",
                data=lambda here: (crumbs(here, TAGS, (found_tag.name, "")),),
            ),
            tag=found_tag,
            description=Markup(found_tag.description_html),  # noqa: S704 - sanitised when it was written
            tabs=[
                (word, msgspec.structs.replace(asked, sort=own).address(path), own == asked.sort, None)
                for word, own in _SORTS
            ],
            rows=rows_of(connection, found.items),
            pager=Pager(
                first=asked.address(path) if asked.cursor else "",
                older=asked.address(path, cursor=found.next) if found.next else "",
            ),
            path=path,
        )
    keep_list(request, actor, address=asked.address(path, cursor=asked.cursor), version=version)
    return answer


routes = [tags, tag]
