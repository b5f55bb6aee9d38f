"""“This solved it”, said while asking of a thread or article that looks alike: counted, and led there with thanks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, post
from litestar.params import RawBody
from msgspec import Meta

from forum.search import deflecting
from web import forms
from web.arguments import path_id
from web.identity import current_actor
from web.installation import db_of
from web.once_a_day import person_today
from web.pages.frame import led_to
from web.pages.rows import thread_href

AnyRequest = Request[Any, Any, Any]


class SolvedForm(msgspec.Struct, frozen=True):
    """What solved it ("thread:7", "article:7"), and the kind of what was being typed. Nothing of the words comes along."""

    solved: Annotated[str, Meta(pattern=r"^(thread|article):[1-9][0-9]{0,18}$")]
    kind: Literal["question", "idea", "discussion", "announcement"] = "question"


@post("/ask/solved", action=("thread.solved-mine", "article.solved-mine"), sync_to_thread=True, include_in_schema=False)
def solved(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Count it, and lead to what solved it."""
    form = forms.parse(body, SolvedForm)
    subject, _, number = form.solved.partition(":")
    with db_of(request).transaction() as session:
        actor = current_actor(request, session.connection())
        person = person_today(request, actor)
        if subject == deflecting.THREAD:
            thread = deflecting.by_thread(session, actor, thread_id=path_id(number), kind=form.kind, person=person)
            href = thread_href(thread.id, thread.slug)
        else:
            article = deflecting.by_article(session, actor, article_id=path_id(number), kind=form.kind, person=person)
            href = f"/help/{article.id}/{article.slug}"
    return led_to(request, href, "solved-mine")


routes = [solved]
