"""A thread: reading it, answering, following."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal, Protocol

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from markupsafe import Markup
from msgspec import Meta
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.kernel import markdown
from forum.kernel.access import Actor
from forum.kernel.errors import Invalid, NotFound, Text
from forum.threads import following, me_too, needs_info, replying
from forum.threads.pages import SORTS, ThreadPage, default_sort, thread_page
from web import forms
from web.arguments import path_id, query
from web.identity import current_actor, current_member
from web.installation import db_of
from web.pages import thread_data
from web.pages.entering import wall
from web.pages.former import topic_moved
from web.pages.frame import address_of, framed, led_to, moved_to, shown, to_sign_in
from web.pages.keeping import keep_thread
from web.pages.private_details import NO_NUDGE, Choice, Nudge, as_chosen, nudge
from web.pages.rows import beginning, thread_href
from web.pages.thread_cards import drawn_for_visitors
from web.pages.thread_view import page_address, viewed

AnyRequest = Request[Any, Any, Any]


class Place(msgspec.Struct, frozen=True):
    """Which page of a thread, in which order."""

    page: Annotated[int, Meta(ge=1, le=100_000)] = 1
    sort: Literal["best", "oldest", "newest", "votes"] | None = None


class ReplyForm(msgspec.Struct, frozen=True):
    """The composer under a thread. `as_` (`as`) is whose word it is, for staff."""

    body: Annotated[str, Meta(extra={"verbatim": True})] = ""
    details: Choice | None = None
    do: Literal["write", "preview"] | None = None
    as_: Literal["person", "company"] = msgspec.field(default="person", name="as")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the composer."""

    body: str = ""
    preview: Markup | None = None
    is_preview: bool = False
    official: bool = False
    error: Text | None = None
    nudge: Nudge = NO_NUDGE


NO_REPLY = Reply()


class Switch(msgspec.Struct, frozen=True):
    """A button that turns something on (1) or off (0)."""

    value: Literal["0", "1"]

    @property
    def is_on(self) -> bool:
        return self.value == "1"


@get("/t/{thread_id:str}", action="thread.read", sync_to_thread=True, include_in_schema=False)
def thread_by_number(request: AnyRequest, thread_id: FromPath[str]) -> Response[bytes]:
    """A thread's short address leads to its full one."""
    number = path_id(thread_id)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        try:
            read = thread_page(connection, actor, thread_id=number)
        except NotFound:
            return topic_moved(connection, actor, number)
    return moved_to(thread_href(read.head.id, read.head.slug))


@get("/t/{thread_id:str}/{slug:str}", action="thread.read", sync_to_thread=True, include_in_schema=False)
def thread(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """One page of a thread. A wrong slug leads to the right one, for good; so does a topic's name before its number."""
    place = query(request, Place)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        if forms.whole_number(thread_id) is None:
            return topic_moved(connection, actor, path_id(slug), slug=thread_id)
        read = thread_page(connection, actor, thread_id=path_id(thread_id), page=place.page, sort=place.sort or "")
        address = page_address(read.head, sort=read.sort, page=read.page)
        if slug != read.head.slug:
            return moved_to(address)
        answer = _page(request, connection, actor, read, NO_REPLY)
    keep_thread(request, actor, address=address, thread_id=read.head.id, version=read.head.version)
    return answer


def _page(
    request: AnyRequest, connection: Connection, actor: Actor, read: ThreadPage, reply: Reply, *, status: int = 200
) -> Response[bytes]:
    view = viewed(connection, actor, read)
    hidden = read.head.hidden_at is not None
    frame = framed(
        request,
        connection,
        actor,
        title=read.head.title,
        description=beginning(view.opening.html, 155) if view.opening and view.opening.html and not hidden else "",
        address=page_address(read.head, sort=default_sort(read.head.kind), page=read.page),
        robots="noindex" if hidden or status != 200 else "",
        place="ideas" if read.head.kind == "idea" else "",
        kind="article",
        data=partial(thread_data.thread, view=view),
    )
    drawn = drawn_for_visitors(view, frame)
    return shown("thread/page.html", frame, status=status, view=view, reply=reply, drawn=drawn)


@post("/t/{thread_id:str}/{slug:str}/reply", action="thread.reply", sync_to_thread=True, include_in_schema=False)
def reply(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Answer a thread; or see the answer as it will look, be told what looks private in it, or mend it."""
    number, pairs = path_id(thread_id), forms.pairs_of(body)
    form = forms.read(pairs, ReplyForm)
    if form.do is None:
        told = nudge(form.details, form.body)
        if told.found:
            return _composed(request, number, _as_typed(form, told=told))
        try:
            return _posted(request, number, form) or wall(
                request, pairs, to=f"{thread_href(number, slug)}/reply", back=thread_href(number, slug)
            )
        except Invalid as problem:
            error = problem.fields.get("body", problem.text)
            return _composed(request, number, _as_typed(form, error=error), status=422)
    return _composed(request, number, _as_typed(form))


def _posted(request: AnyRequest, thread_id: int, form: ReplyForm) -> Response[bytes] | None:
    """Where the reply stands; nothing where nobody is signed in."""
    with db_of(request).transaction() as session:
        actor = current_actor(request, session.connection())
        if not actor.is_signed_in:
            return None
        words = as_chosen(form.details, form.body)
        added = replying.reply(session, actor, thread_id=thread_id, body=words, as_statement=form.as_ == "company")
    return led_to(request, f"/p/{added.id}", "replied")


def _as_typed(form: ReplyForm, *, error: Text | None = None, told: Nudge = NO_NUDGE) -> Reply:
    is_preview = form.do == "preview"
    return Reply(
        body=form.body,
        preview=previewed(form.body, below=2) if is_preview else None,
        is_preview=is_preview,
        official=form.as_ == "company",
        error=error,
        nudge=told if told.is_shown else Nudge(choice=form.details),
    )


def _composed(request: AnyRequest, thread_id: int, typed: Reply, *, status: int = 200) -> Response[bytes]:
    """The thread again, with what was typed in its composer."""
    place = query(request, Place)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        read = thread_page(connection, actor, thread_id=thread_id, page=place.page, sort=place.sort or "")
        return _page(request, connection, actor, read, typed, status=status)


def previewed(source: str, *, below: int) -> Markup:
    """Markdown as it will be published; a text that cannot be rendered shows why instead."""
    return Markup(markdown.render(source, below=below).html)  # noqa: S704 - sanitised by the renderer


class PreviewForm(msgspec.Struct, frozen=True):
    body: str = ""


@post("/preview", action="post.preview", sync_to_thread=True, include_in_schema=False, status_code=200)
def preview(body: RawBody) -> Response[bytes]:
    """Markdown as it will be published, alone: for the composer's script."""
    form = forms.parse(body, PreviewForm)
    html = previewed(form.body, below=2).encode()
    return Response(html, media_type="text/html", headers={"cache-control": "no-store"})


@post(
    "/t/{thread_id:str}/{slug:str}/follow",
    action=("thread.follow", "thread.unfollow"),
    sync_to_thread=True,
    include_in_schema=False,
)
def follow(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Hear of what is new in a thread, or no more."""
    return _pressed(
        request, thread_id, slug, body, on=(following.follow, "followed"), off=(following.unfollow, "unfollowed")
    )


@post(
    "/t/{thread_id:str}/{slug:str}/me-too",
    action=("thread.me-too", "thread.not-me"),
    sync_to_thread=True,
    include_in_schema=False,
)
def have_too(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Have the problem too, or no longer."""
    return _pressed(request, thread_id, slug, body, on=(me_too.say, "me-too"), off=(me_too.take_back, "not-me"))


@post(
    "/t/{thread_id:str}/{slug:str}/needs-info",
    action=("thread.needs-info", "thread.enough-info"),
    sync_to_thread=True,
    include_in_schema=False,
)
def wait_for_details(
    request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody
) -> Response[bytes]:
    """Let a question wait for its asker, or no longer."""
    return _pressed(
        request, thread_id, slug, body, on=(needs_info.ask, "needs-info"), off=(needs_info.settle, "enough-info")
    )


class Verb(Protocol):
    """What a button of a thread does."""

    def __call__(self, session: Session, actor: Actor, *, thread_id: int) -> None: ...


def _pressed(
    request: AnyRequest, thread_id: str, slug: str, body: bytes, *, on: tuple[Verb, str], off: tuple[Verb, str]
) -> Response[bytes]:
    """Do what a button of a thread turns on or off, and say the notice that goes with it; visitors are led to sign in."""
    number, switch = path_id(thread_id), forms.parse(body, Switch)
    does, notice = on if switch.is_on else off
    with db_of(request).transaction() as session:
        if not current_actor(request, session.connection()).is_signed_in:
            return to_sign_in(thread_href(number, slug))
        does(session, current_member(request, session.connection()), thread_id=number)
    return led_to(request, thread_href(number, slug), notice)


def back_to(thread_id: int, slug: str, place: Place, *, kind: str, post_id: int) -> str:
    """The page of a thread that a button was pressed on, at its post."""
    sort = place.sort if place.sort in SORTS and place.sort != default_sort(kind) else ""
    page = place.page if place.page > 1 else 0
    return address_of(thread_href(thread_id, slug), sort=sort or "", page=page) + f"#p{post_id}"


routes = [thread_by_number, thread, reply, preview, follow, have_too, wait_for_details]
