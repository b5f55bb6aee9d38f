"""A single post: finding it, voting, marking it as what solved it or as the company's word, taking one's own back."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy.orm import Session

from forum.kernel.access import require
from forum.kernel.errors import NotFound
from forum.threads import answers, editing, official, voting
from forum.threads.finding import visible_post
from forum.threads.pages import post_place
from forum.threads.policies import may_delete_post
from forum.threads.tables import Thread
from forum.threads.versions import source_of
from web import forms
from web.arguments import path_id, query
from web.identity import current_actor, current_member
from web.installation import db_of
from web.pages.former import post_moved
from web.pages.frame import address_of, framed, led_to, moved_to, shown, to_sign_in
from web.pages.rows import thread_href
from web.pages.threads import Place, Switch, back_to
from web.returning import safe_next

AnyRequest = Request[Any, Any, Any]


class VoteForm(msgspec.Struct, frozen=True):
    """One's vote: helpful, not helpful, or taken back. `next` is where to go on, where that is not the thread."""

    value: Literal["-1", "0", "1"]
    next: str = ""


@get("/p/{post_id:str}", action="post.find", sync_to_thread=True, include_in_schema=False)
def permalink(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """A post's own address leads to where it stands now."""
    number = path_id(post_id)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        try:
            place = post_place(connection, actor, post_id=number)
        except NotFound:
            return post_moved(connection, actor, number)
    path = thread_href(place.thread_id, place.slug)
    return moved_to(address_of(path, page=place.page if place.page > 1 else 0) + f"#p{place.post_id}", status=302)


@post(
    "/p/{post_id:str}/vote",
    action=("post.vote-up", "post.vote-down", "post.unvote"),
    sync_to_thread=True,
    include_in_schema=False,
)
def vote(request: AnyRequest, post_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Say that a post is helpful or not, or take that back."""
    number, form = path_id(post_id), forms.parse(body, VoteForm)
    onward = safe_next(form.next, default="")
    with db_of(request).transaction() as session:
        actor = current_actor(request, session.connection())
        if not actor.is_signed_in:
            return to_sign_in(onward or f"/p/{number}")
        voted = voting.vote(session, actor, post_id=number, value=int(form.value))
        place = _place(request, session, voted.thread_id, number)
    return led_to(request, onward or place)


@post(
    "/p/{post_id:str}/accepted",
    action=("answer.accept", "answer.withdraw"),
    sync_to_thread=True,
    include_in_schema=False,
)
def accepted(request: AnyRequest, post_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Say that this reply solved it, or that it did not work."""
    number, switch = path_id(post_id), forms.parse(body, Switch)
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        if switch.is_on:
            answers.accept(session, actor, post_id=number)
        else:
            found = visible_post(session, actor, number)
            answers.withdraw(session, actor, thread_id=found.thread_id, post_id=number)
    return led_to(request, f"/p/{number}", "accepted" if switch.is_on else "withdrawn")


@post(
    "/p/{post_id:str}/official",
    action=("answer.official", "answer.unofficial"),
    sync_to_thread=True,
    include_in_schema=False,
)
def made_official(request: AnyRequest, post_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Say for the company that this reply is the answer, or that it is no longer."""
    number, switch = path_id(post_id), forms.parse(body, Switch)
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        if switch.is_on:
            official.mark(session, actor, post_id=number)
        else:
            official.withdraw(session, actor, thread_id=visible_post(session, actor, number).thread_id)
    return led_to(request, f"/p/{number}", "official" if switch.is_on else "unofficial")


@get("/p/{post_id:str}/delete", action="post.delete", sync_to_thread=True, include_in_schema=False)
def ask_to_delete(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """Whether one's reply shall really go."""
    number = path_id(post_id)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_delete_post(actor, source_of(connection, actor, post_id=number)))
        return shown("thread/delete.html", framed(request, connection, actor, robots="noindex"), post_id=number)


@post("/p/{post_id:str}/delete", action="post.delete", sync_to_thread=True, include_in_schema=False)
def delete(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """Take one's own reply back."""
    number = path_id(post_id)
    with db_of(request).transaction() as session:
        editing.delete_post(session, current_member(request, session.connection()), post_id=number)
    return led_to(request, f"/p/{number}", "deleted")


def _place(request: AnyRequest, session: Session, thread_id: int, post_id: int) -> str:
    thread = session.get_one(Thread, thread_id)
    return back_to(thread.id, thread.slug, query(request, Place), kind=thread.kind, post_id=post_id)


routes = [permalink, vote, accepted, made_official, ask_to_delete, delete]
