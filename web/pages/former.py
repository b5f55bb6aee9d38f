"""Addresses that a community had before it was imported lead to where its things are now, for whoever may see them.

Topics, posts and categories whose old address could be one of ours are looked for here by the pages that have it, after they
found nothing of their own.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from sqlalchemy import Connection

from forum.exchange import addresses
from forum.kernel.access import Actor
from forum.threads import profiles
from forum.threads.pages import post_place
from forum.threads.places import category_named, tag_named
from forum.threads.tags import folded
from web.arguments import path_id
from web.identity import current_actor
from web.installation import db_of
from web.pages.frame import address_of, moved_to
from web.pages.rows import tag_label, thread_href

AnyRequest = Request[Any, Any, Any]


def topic_moved(
    connection: Connection, actor: Actor, topic_id: int, *, slug: str = "", number: int = 1
) -> Response[bytes]:
    """From a topic, or one post of it, to the thread.

    Raises:
        NotFound: it was not imported, or the thread cannot be seen.
    """
    thread_id = addresses.thread_of(connection, topic_id, slug)
    return _to_post(connection, actor, addresses.post_in(connection, thread_id, number), is_opening=number == 1)


def post_moved(connection: Connection, actor: Actor, post_id: int) -> Response[bytes]:
    """From a post's own address to where it stands.

    Raises:
        NotFound: it was not imported, or its thread cannot be seen.
    """
    return _to_post(connection, actor, addresses.post_of(connection, post_id))


def category_moved(connection: Connection, actor: Actor, *parts: str) -> Response[bytes]:
    """From a category, by its names and its number, to the one that it became.

    Raises:
        NotFound: it was not imported, or cannot be seen.
    """
    place = category_named(connection, actor, addresses.category_of(connection, parts))
    return moved_to(f"/c/{place.slug}")


def _to_post(connection: Connection, actor: Actor, post_id: int, *, is_opening: bool = False) -> Response[bytes]:
    place = post_place(connection, actor, post_id=post_id)
    path = thread_href(place.thread_id, place.slug)
    if is_opening:
        return moved_to(path)
    return moved_to(address_of(path, page=place.page if place.page > 1 else 0) + f"#p{place.post_id}")


@get("/t/{thread_id:str}/{slug:str}/{number:str}", action="thread.read", sync_to_thread=True, include_in_schema=False)
def post_of_topic(
    request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], number: FromPath[str]
) -> Response[bytes]:
    """A post by its topic's name, the topic's number and its own."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        return topic_moved(connection, actor, path_id(slug), slug=thread_id, number=path_id(number))


@get("/u/{handle:str}", action="member.read", sync_to_thread=True, include_in_schema=False)
def person(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """Somebody by the name that they had there."""
    return _person(request, handle)


@get("/u/{handle:str}/{tab:str}", action="member.read", sync_to_thread=True, include_in_schema=False)
def persons_page(request: AnyRequest, handle: FromPath[str], tab: FromPath[str]) -> Response[bytes]:
    """One of somebody's pages there: a profile has no such pages here."""
    return _person(request, handle)


def _person(request: AnyRequest, username: str) -> Response[bytes]:
    with db_of(request).reading() as connection:
        handle = addresses.handle_of(connection, username)
        profile = profiles.profile_page(connection, current_actor(request, connection), handle=handle)
    return moved_to(f"/m/{profile.handle}")


@get("/c/{slug:str}/{second:str}", action="category.read", sync_to_thread=True, include_in_schema=False)
def category(request: AnyRequest, slug: FromPath[str], second: FromPath[str]) -> Response[bytes]:
    """A category by its name and number, or one within another by their names."""
    with db_of(request).reading() as connection:
        return category_moved(connection, current_actor(request, connection), slug, second)


@get("/c/{slug:str}/{second:str}/{third:str}", action="category.read", sync_to_thread=True, include_in_schema=False)
def subcategory(
    request: AnyRequest, slug: FromPath[str], second: FromPath[str], third: FromPath[str]
) -> Response[bytes]:
    """A category within another, with its number."""
    with db_of(request).reading() as connection:
        return category_moved(connection, current_actor(request, connection), slug, second, third)


@get("/tag/{key:str}", action="tag.read", sync_to_thread=True, include_in_schema=False)
def tag(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
    """The threads under a tag."""
    with db_of(request).reading() as connection:
        found = tag_named(connection, current_actor(request, connection), folded(key))
    return moved_to(tag_label(found.key).href)


routes = [post_of_topic, person, persons_page, category, subcategory, tag]
