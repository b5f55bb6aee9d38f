"""What the API hands out of posts that a decision keeps out of sight: to their author as much as the pages do."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page
from forum.threads import resources
from forum.threads.resources import PostResource
from web.pages.rulings import unreadable


def without_unreadable(connection: Connection, actor: Actor, posts: Iterable[PostResource]) -> tuple[PostResource, ...]:
    """The posts, without the words of those that were removed as illegal or harmful."""
    posts = tuple(posts)
    withheld = unreadable(connection, actor, [post.hidden_by for post in posts if post.source is not None])
    return tuple(
        msgspec.structs.replace(post, source=None, html=None) if post.hidden_by in withheld else post for post in posts
    )


def page_of_posts(
    connection: Connection, actor: Actor, *, thread_id: int, cursor: str = "", limit: int = 20
) -> Page[PostResource]:
    """The posts of a thread as `resources.post_list` reads them."""
    page = resources.post_list(connection, actor, thread_id=thread_id, cursor=cursor, limit=limit)
    return msgspec.structs.replace(page, items=without_unreadable(connection, actor, page.items))


def check_readable(connection: Connection, actor: Actor, post_id: int) -> None:
    """Before versions are listed, or a change is taken.

    Raises:
        NotFound: there is no such post, this actor cannot see it, or its words are not handed out again.
        Gone: its author deleted it.
    """
    post = resources.post_named(connection, actor, post_id=post_id)
    if unreadable(connection, actor, [post.hidden_by]):
        raise NotFound()
