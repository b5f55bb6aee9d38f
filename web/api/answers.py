"""Marks over the API: the accepted answer, the official one, and what the company says of an idea."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, delete, put
from litestar.params import FromPath, JSONBody
from sqlalchemy.orm import Session

from forum.ideas import statuses
from forum.kernel.access import Actor
from forum.kernel.errors import NotFound
from forum.threads import answers, official, resources
from forum.threads.finding import visible_post, visible_thread
from moderation.decisions import LONGEST_TEXT, Ruling, decide
from web.api.calls import AnyRequest, writing
from web.api.describing import described
from web.arguments import path_id, query
from web.bodies import Body


class Chosen(Body, frozen=True, kw_only=True):
    """The reply that is marked."""

    post: int


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """Which mark to take away; may be left out where there is only one."""

    post: int | None = None


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """The marks of a thread: accepted replies, the earliest first, and the official one."""

    thread: int
    accepted: list[int]
    official_post: int | None
    solved_at: datetime | None
    official_at: datetime | None


class StatusGiven(Body, frozen=True, kw_only=True):
    """What the company says of an idea. All but `new` and `under_review` want a public comment in Markdown."""

    status: Literal["new", "under_review", "planned", "in_progress", "shipped", "declined"]
    comment: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The status of an idea, and the number of the decision in the public log."""

    thread: int
    status: str
    decision: int


@put(
    "/api/v1/threads/{thread_id:str}/accepted",
    action="answer.accept",
    sync_to_thread=True,
    operation_class=described(),
    summary="Accept an answer, or another one",
)
def accept(request: AnyRequest, thread_id: FromPath[str], data: JSONBody[Chosen]) -> Response[Marks]:
    with writing(request) as (session, actor):
        key = path_id(thread_id)
        _check_place(session, actor, key, data.post)
        answers.accept(session, actor, post_id=data.post)
        return Response(_marks(session, actor, key))


@delete(
    "/api/v1/threads/{thread_id:str}/accepted",
    action="answer.withdraw",
    sync_to_thread=True,
    operation_class=described(Withdrawn),
    summary="It did not work",
)
def withdraw(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        answers.withdraw(session, actor, thread_id=path_id(thread_id), post_id=query(request, Withdrawn).post)


@put(
    "/api/v1/threads/{thread_id:str}/official",
    action="answer.official",
    sync_to_thread=True,
    operation_class=described(),
    summary="Mark the official answer",
)
def mark_official(request: AnyRequest, thread_id: FromPath[str], data: JSONBody[Chosen]) -> Response[Marks]:
    with writing(request) as (session, actor):
        key = path_id(thread_id)
        _check_place(session, actor, key, data.post)
        official.mark(session, actor, post_id=data.post)
        return Response(_marks(session, actor, key))


@delete(
    "/api/v1/threads/{thread_id:str}/official",
    action="answer.unofficial",
    sync_to_thread=True,
    operation_class=described(),
    summary="Take the official mark away",
)
def withdraw_official(request: AnyRequest, thread_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        official.withdraw(session, actor, thread_id=path_id(thread_id))


@put(
    "/api/v1/threads/{thread_id:str}/idea-status",
    action="idea.answer",
    sync_to_thread=True,
    operation_class=described(),
    summary="Say what becomes of an idea",
)
def set_idea_status(request: AnyRequest, thread_id: FromPath[str], data: JSONBody[StatusGiven]) -> Response[Status]:
    with writing(request) as (session, actor):
        key = path_id(thread_id)
        visible_thread(session, actor, key)
        before = statuses.status_of(session.connection(), thread_id=key)
        ruling = Ruling(
            action="idea-status",
            target_kind="thread",
            target_id=key,
            reason_code="answer",
            text=_public_words(data.comment, before or "", data.status),
            status=data.status,
            comment=data.comment,
        )
        entry = decide(session, actor, ruling)
        return Response(Status(thread=key, status=data.status, decision=entry.number))


def _public_words(comment: str, before: str, after: str) -> str:
    """The log's reason: the company's words, or where it gave none, the two statuses by their names in this API."""
    comment = comment.strip()[:LONGEST_TEXT]
    return comment if len(comment) >= 10 else f"{before} → {after} {comment}".strip()


def _check_place(session: Session, actor: Actor, thread_id: int, post_id: int) -> None:
    if visible_post(session, actor, post_id).thread_id != thread_id:
        raise NotFound()


def _marks(session: Session, actor: Actor, thread_id: int) -> Marks:
    session.flush()
    details = resources.thread_details(session.connection(), actor, thread_id=thread_id)
    return Marks(
        thread=thread_id,
        accepted=list(details.accepted),
        official_post=details.official,
        solved_at=details.solved_at,
        official_at=details.official_at,
    )


routes = [accept, withdraw, mark_official, withdraw_official, set_idea_status]
