"""Posts over the API: replies and comments, changes with their versions, votes."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Invalid
from forum.threads import editing, replying, resources, voting
from forum.threads.finding import visible_post
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, answer_list, reading, writing
from web.api.describing import described
from web.api.shapes import PostShape, VersionShape, post_shape, version_shape
from web.api.withheld import check_readable, page_of_posts, without_unreadable
from web.arguments import path_id, query
from web.bodies import Body


class NewPost(Body, frozen=True, kw_only=True):
    """A reply in Markdown, of staff perhaps as an official statement; with `parent`, a comment under that post."""

    body: str
    statement: bool = False
    parent: int | None = None


class PostChange(Body, frozen=True, kw_only=True):
    """The new Markdown. With `revision` a change that somebody else made meanwhile is a conflict."""

    body: str
    revision: int | None = None
    comment: str = ""


class VoteGiven(Body, frozen=True, kw_only=True):
    """Up, down, or none."""

    value: Literal[1, 0, -1]


class VoteCounted(msgspec.Struct, frozen=True, kw_only=True):
    """What a post's votes are now. Those of staff are counted apart and never reach the score."""

    post: int
    value: int
    score: int
    up: int
    down: int
    staff_up: int
    staff_down: int


@get(
    "/api/v1/threads/{thread_id:str}/posts",
    action="thread.read",
    sync_to_thread=True,
    operation_class=described(Listing),
    summary="The posts of a thread, in order",
)
def list_posts(request: AnyRequest, thread_id: FromPath[str]) -> Response[Items[PostShape]]:
    asked = query(request, Listing)
    with reading(request) as (connection, actor):
        page = page_of_posts(connection, actor, thread_id=path_id(thread_id), cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, lambda one: post_shape(request, one))


@post(
    "/api/v1/threads/{thread_id:str}/posts",
    action="thread.reply",
    sync_to_thread=True,
    operation_class=described(),
    summary="Reply to a thread",
)
def add_post(request: AnyRequest, thread_id: FromPath[str], data: JSONBody[NewPost]) -> Response[PostShape]:
    with writing(request) as (session, actor):
        key = path_id(thread_id)
        made = idempotency.once(request, session, actor, data, lambda: _added(session, actor, key, data))
        session.flush()
        answer = _shown(request, session.connection(), actor, made)
    return Response(answer, status_code=201, headers={"location": f"/api/v1/posts/{made}"})


def _added(session: Session, actor: Actor, thread_id: int, data: NewPost) -> int:
    if data.parent is None:
        return replying.reply(session, actor, thread_id=thread_id, body=data.body, as_statement=data.statement).id
    if visible_post(session, actor, data.parent).thread_id != thread_id:
        raise Invalid({"parent": N_("That post belongs to another thread.")})
    if data.statement:
        raise Invalid({"statement": N_("A comment is no official statement.")})
    return replying.comment(session, actor, post_id=data.parent, body=data.body).id


@get(
    "/api/v1/posts/{post_id:str}",
    action="post.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="A post",
)
def read_post(request: AnyRequest, post_id: FromPath[str]) -> Response[PostShape]:
    with reading(request) as (connection, actor):
        return Response(_shown(request, connection, actor, path_id(post_id)))


def _shown(request: AnyRequest, connection: Connection, actor: Actor, post_id: int) -> PostShape:
    found = resources.post_named(connection, actor, post_id=post_id)
    return post_shape(request, *without_unreadable(connection, actor, [found]))


@patch(
    "/api/v1/posts/{post_id:str}",
    action="post.edit",
    sync_to_thread=True,
    operation_class=described(),
    summary="Edit a post",
)
def edit_post(request: AnyRequest, post_id: FromPath[str], data: JSONBody[PostChange]) -> Response[PostShape]:
    with writing(request) as (session, actor):
        key = path_id(post_id)
        check_readable(session.connection(), actor, key)
        editing.edit_post(session, actor, post_id=key, body=data.body, revision=data.revision, comment=data.comment)
        session.flush()
        return Response(_shown(request, session.connection(), actor, key))


@delete(
    "/api/v1/posts/{post_id:str}",
    action="post.delete",
    sync_to_thread=True,
    operation_class=described(),
    summary="Take one's own reply back",
)
def delete_post(request: AnyRequest, post_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        editing.delete_post(session, actor, post_id=path_id(post_id))


@get(
    "/api/v1/posts/{post_id:str}/revisions",
    action="post.history",
    sync_to_thread=True,
    operation_class=described(Listing),
    summary="The versions of a post, in order",
)
def list_versions(request: AnyRequest, post_id: FromPath[str]) -> Response[Items[VersionShape]]:
    asked = query(request, Listing)
    with reading(request) as (connection, actor):
        key = path_id(post_id)
        check_readable(connection, actor, key)
        page = resources.version_list(connection, actor, post_id=key, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, version_shape)


@put(
    "/api/v1/posts/{post_id:str}/vote",
    action=("post.vote-up", "post.vote-down", "post.unvote"),
    sync_to_thread=True,
    operation_class=described(),
    summary="Vote up, down or not at all",
)
def vote(request: AnyRequest, post_id: FromPath[str], data: JSONBody[VoteGiven]) -> Response[VoteCounted]:
    with writing(request) as (session, actor):
        counted = voting.vote(session, actor, post_id=path_id(post_id), value=data.value)
        return Response(
            VoteCounted(
                post=counted.id,
                value=data.value,
                score=counted.score,
                up=counted.up,
                down=counted.down,
                staff_up=counted.staff_up,
                staff_down=counted.staff_down,
            )
        )


routes = [list_posts, add_post, read_post, edit_post, delete_post, list_versions, vote]
