"""Threads over the API: lists, opening, reading, changing, following."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.ideas import proposing, statuses
from forum.kernel.access import Actor
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page
from forum.threads import editing, following, me_too, needs_info, places, resources, tags
from forum.threads.lists import Sort, State, ThreadLine, Wanted, thread_list, threads_by_id
from moderation.decisions import Ruling, decide
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, answer_list, reading, writing
from web.api.describing import described
from web.api.shapes import PostShape, ThreadShape, WholeThread, post_shape, thread_shape, whole_thread
from web.api.withheld import page_of_posts
from web.arguments import path_id, query
from web.bodies import Body

Kind = Literal["question", "idea", "discussion", "announcement"]
FIRST_POSTS = 20


class ThreadListing(Listing, frozen=True, kw_only=True):
    """Which threads; what is left out narrows nothing. `category` and `tag` are as in their addresses."""

    kind: Literal["", "question", "idea", "discussion", "announcement"] = ""
    category: str = ""
    tag: str = ""
    state: State = ""
    sort: Sort = "latest"


class NewThread(Body, frozen=True, kw_only=True):
    """A thread to open. `locale` is the language it is written in, where known."""

    kind: Kind
    category: str
    title: str
    body: str
    tags: list[str] = []
    locale: Annotated[str, Meta(max_length=8)] = ""
    urgent: bool = False


class ThreadChange(Body, frozen=True, kw_only=True):
    """What is to be different. With `revision` a change that somebody else made meanwhile is a conflict.

    Opening and closing is a moderation decision: `comment` is then the reason that stands in the public log.
    """

    title: str | None = None
    tags: list[str] | None = None
    category: str | None = None
    state: Literal["open", "closed"] | None = None
    revision: int | None = None
    comment: str = ""


@get(
    "/api/v1/threads",
    action="thread.list",
    sync_to_thread=True,
    operation_class=described(ThreadListing),
    summary="Threads, newest activity first",
)
def list_threads(request: AnyRequest) -> Response[Items[ThreadShape]]:
    asked = query(request, ThreadListing)
    with reading(request) as (connection, actor):
        wanted = Wanted(
            sort=asked.sort,
            kind=asked.kind,
            category_id=places.category_named(connection, actor, asked.category).id if asked.category else 0,
            tag=tags.folded(asked.tag),
            state=asked.state,
        )
        page = thread_list(connection, actor, wanted, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, lambda line: thread_shape(request, line))


@post(
    "/api/v1/threads", action="thread.open", sync_to_thread=True, operation_class=described(), summary="Open a thread"
)
def open_thread(request: AnyRequest, data: JSONBody[NewThread]) -> Response[WholeThread]:
    with writing(request) as (session, actor):
        made = idempotency.once(request, session, actor, data, lambda: _opened(session, actor, data))
        answer = _shown(request, session.connection(), actor, made)
    return Response(answer, status_code=201, headers={"location": f"/api/v1/threads/{made}"})


def _opened(session: Session, actor: Actor, data: NewThread) -> int:
    thread = proposing.open_any(session, actor, **msgspec.structs.asdict(data))
    session.flush()
    return thread.id


@get(
    "/api/v1/threads/{thread_id:str}",
    action="thread.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="A thread with its first posts",
)
def read_thread(request: AnyRequest, thread_id: FromPath[str]) -> Response[WholeThread]:
    with reading(request) as (connection, actor):
        return Response(_shown(request, connection, actor, path_id(thread_id)))


def _shown(request: AnyRequest, connection: Connection, actor: Actor, thread_id: int) -> WholeThread:
    line = threads_by_id(connection, actor, [thread_id]).get(thread_id)
    if line is None:
        raise NotFound()
    details = resources.thread_details(connection, actor, thread_id=thread_id)
    posts = page_of_posts(connection, actor, thread_id=thread_id, limit=FIRST_POSTS)
    return whole_thread(thread_shape(request, line), details, _items(request, posts), _idea_status(connection, line))


def _items(request: AnyRequest, page: Page[resources.PostResource]) -> Items[PostShape]:
    return Items(items=[post_shape(request, one) for one in page.items], next=page.next)


def _idea_status(connection: Connection, line: ThreadLine) -> str | None:
    return statuses.status_of(connection, thread_id=line.id) if line.kind == "idea" else None


@patch(
    "/api/v1/threads/{thread_id:str}",
    action=("thread.retitle", "thread.retag", "thread.move", "thread.close"),
    sync_to_thread=True,
    operation_class=described(),
    summary="Change title, tags, category or state",
)
def change_thread(request: AnyRequest, thread_id: FromPath[str], data: JSONBody[ThreadChange]) -> Response[WholeThread]:
    with writing(request) as (session, actor):
        key = path_id(thread_id)
        editing.edit_thread(
            session,
            actor,
            thread_id=key,
            title=data.title,
            tags=data.tags,
            category=data.category,
            revision=data.revision,
            comment=data.comment,
        )
        if data.state is not None:
            _set_state(session, actor, key, data.state, data.comment)
        session.flush()
        return Response(_shown(request, session.connection(), actor, key))


def _set_state(session: Session, actor: Actor, thread_id: int, state: str, reason: str) -> None:
    """Setting the state that a thread has already asks for no decision."""
    is_closed = resources.thread_details(session.connection(), actor, thread_id=thread_id).closed_at is not None
    if is_closed == (state == "closed"):
        return
    action = "close-thread" if state == "closed" else "reopen-thread"
    decide(session, actor, Ruling(action=action, target_kind="thread", target_id=thread_id, text=reason))


@put(
    "/api/v1/threads/{thread_id:str}/subscription",
    action="thread.follow",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Follow a thread",
)
def follow(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        following.follow(session, actor, thread_id=path_id(thread_id))


@delete(
    "/api/v1/threads/{thread_id:str}/subscription",
    action="thread.unfollow",
    sync_to_thread=True,
    operation_class=described(),
    summary="Follow a thread no longer",
)
def unfollow(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        following.unfollow(session, actor, thread_id=path_id(thread_id))


@put(
    "/api/v1/threads/{thread_id:str}/me-too",
    action="thread.me-too",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Say that one has this problem too",
)
def have_too(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        me_too.say(session, actor, thread_id=path_id(thread_id))


@delete(
    "/api/v1/threads/{thread_id:str}/me-too",
    action="thread.not-me",
    sync_to_thread=True,
    operation_class=described(),
    summary="Say that one has this problem no longer",
)
def have_no_longer(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        me_too.take_back(session, actor, thread_id=path_id(thread_id))


@put(
    "/api/v1/threads/{thread_id:str}/needs-info",
    action="thread.needs-info",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Let a question wait for its asker",
)
def wait_for_details(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        needs_info.ask(session, actor, thread_id=path_id(thread_id))


@delete(
    "/api/v1/threads/{thread_id:str}/needs-info",
    action="thread.enough-info",
    sync_to_thread=True,
    operation_class=described(),
    summary="Wait for the asker no longer",
)
def wait_no_longer(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        needs_info.settle(session, actor, thread_id=path_id(thread_id))


routes = [
    list_threads,
    open_thread,
    read_thread,
    change_thread,
    follow,
    unfollow,
    have_too,
    have_no_longer,
    wait_for_details,
    wait_no_longer,
]
