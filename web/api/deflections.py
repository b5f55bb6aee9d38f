"""Confirmed deflections over the API: saying that what was found solved it, and how many said so."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from forum.search import deflecting
from web.api.calls import AnyRequest, reading
from web.api.describing import described
from web.arguments import path_id, query
from web.bodies import Body
from web.identity import current_actor
from web.installation import db_of
from web.once_a_day import person_today


class SolvedMine(Body, frozen=True, kw_only=True):
    """The kind of what was being typed; its words are not wanted."""

    kind: Literal["question", "idea", "discussion", "announcement"] = "question"


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """How many days are looked at, today (UTC) among them."""

    days: Annotated[int, Meta(ge=1, le=366)] = 30


class DeflectionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many people found what solved it while asking and said so, once a day each: by whom, and through what."""

    days: int
    confirmed: int
    by_members: int
    by_visitors: int
    through_threads: int
    through_articles: int


@put(
    "/api/v1/threads/{thread_id:str}/solved-mine",
    action="thread.solved-mine",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Say that a thread solved what one was about to ask",
)
def by_thread(request: AnyRequest, thread_id: FromPath[str], data: JSONBody[SolvedMine]) -> None:
    with db_of(request).transaction() as session:
        actor = current_actor(request, session.connection())
        person = person_today(request, actor)
        deflecting.by_thread(session, actor, thread_id=path_id(thread_id), kind=data.kind, person=person)


@put(
    "/api/v1/articles/{article_id:str}/solved-mine",
    action="article.solved-mine",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Say that a help article solved what one was about to ask",
)
def by_article(request: AnyRequest, article_id: FromPath[str], data: JSONBody[SolvedMine]) -> None:
    with db_of(request).transaction() as session:
        actor = current_actor(request, session.connection())
        person = person_today(request, actor)
        deflecting.by_article(session, actor, article_id=path_id(article_id), kind=data.kind, person=person)


@get(
    "/api/v1/deflections",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(Days),
    summary="How many questions were solved while they were being asked",
)
def figures(request: AnyRequest) -> Response[DeflectionFigures]:
    asked = query(request, Days)
    with reading(request) as (connection, actor):
        found = deflecting.figures(connection, actor, days=asked.days)
    return Response(DeflectionFigures(days=asked.days, **msgspec.structs.asdict(found)))


routes = [by_thread, by_article, figures]
