"""The help centre: what was solved, written down. And the desk of those who review it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from markupsafe import Markup
from msgspec import Meta
from sqlalchemy import Connection

from forum.articles import reviewing
from forum.articles.pages import (
    ArticlePage,
    article_counts,
    article_list,
    article_page,
    public_version,
    shelves,
)
from forum.articles.policies import may_review
from forum.kernel.access import Actor, require
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.search.pages import Similar, similar
from forum.threads.places import category_named, slug_now
from web import forms
from web.arguments import path_id, query
from web.identity import current_actor, current_member
from web.installation import db_of
from web.pages import linked_data
from web.pages.frame import address_of, framed, led_to, moved_to, places_of, shown
from web.pages.keeping import keep_list, keep_one, version_before
from web.pages.linked_data import HELP, crumbs
from web.pages.parts import Pager, Person
from web.pages.rows import beginning, thread_href
from web.pages.threads import previewed

AnyRequest = Request[Any, Any, Any]
State = Literal["draft", "published", "withdrawn"]
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>")
LEAST_CONTENTS = 3
"""Headings from which on an article says at its side what is in it."""
AROUND = 4

STATES: tuple[tuple[Text, State], ...] = (
    (Text(N_("Drafts")), "draft"),
    (Text(N_("Published")), "published"),
    (Text(N_("Withdrawn")), "withdrawn"),
)


class Shelving(msgspec.Struct, frozen=True):
    """Which articles of the help centre."""

    category: str = ""
    cursor: str = ""


class Reviewing(msgspec.Struct, frozen=True):
    """Which part of the desk."""

    state: State = "draft"
    cursor: str = ""


class ArticleForm(msgspec.Struct, frozen=True):
    """The editor. `version` is the one that the words began from."""

    title: str = ""
    body: Annotated[str, Meta(extra={"verbatim": True})] = ""
    version: Annotated[int, Meta(ge=0)] = 0
    do: Literal["write", "preview", "save", "publish"] = "save"


class Part(msgspec.Struct, frozen=True):
    """A heading of an article, as its contents name it."""

    id: str
    words: str


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """An article as its page shows it. `by`: whose answer it was made of; `around`: threads and articles like it."""

    article: ArticlePage
    html: Markup
    parts: tuple[Part, ...]
    by: Person | None
    href: str
    source_href: str
    around: tuple[Similar, ...]
    ask: str
    may_review: bool


class Editing(msgspec.Struct, frozen=True, kw_only=True):
    """The editor's page: what was typed, and what stands there now. `theirs`: somebody else changed it meanwhile."""

    article: ArticlePage
    form: ArticleForm
    problems: tuple[tuple[str, Text], ...] = ()
    preview: Markup | None = None
    theirs: bool = False
    source_href: str = ""

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


@get("/help", action="article.list", sync_to_thread=True, include_in_schema=False)
def help_centre(request: AnyRequest) -> Response[bytes]:
    """The articles by category; or those of one."""
    asked = query(request, Shelving)
    if asked.category:
        return _shelf(request, asked)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        found = shelves(connection, actor)
        answer = shown(
            "help.html",
            framed(request, connection, actor, address="/help", robots="" if found else "noindex, follow"),
            shelves=found,
            may_review=may_review(actor).allowed,
        )
    keep_list(request, actor, address="/help", version=version)
    return answer


def _shelf(request: AnyRequest, asked: Shelving) -> Response[bytes]:
    address = address_of("/help", category=asked.category, cursor=asked.cursor)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        try:
            place = category_named(connection, actor, asked.category)
        except NotFound:
            slug = slug_now(connection, actor, asked.category)
            return moved_to(address_of("/help", category=slug, cursor=asked.cursor))
        called = places_of(request, connection, actor).name(place.slug, place.name)
        found = article_list(connection, actor, category=place.slug, cursor=asked.cursor, limit=50)
        frame = framed(
            request,
            connection,
            actor,
            title=called,
            address=address,
            robots="noindex, follow" if asked.cursor or not found.items else "",
            data=lambda here: (crumbs(here, HELP, (called, "")),),
        )
        answer = shown(
            "help-shelf.html",
            frame,
            place=place,
            articles=found.items,
            pager=_pager("/help", found.next, asked.cursor, category=place.slug),
        )
    keep_list(request, actor, address=address, version=version)
    return answer


def _pager(path: str, following: str | None, cursor: str, **arguments: str) -> Pager:
    return Pager(
        first=address_of(path, **arguments) if cursor else "",
        older=address_of(path, **arguments, cursor=following) if following else "",
    )


@get("/help/{article_id:str}", action="article.read", sync_to_thread=True, include_in_schema=False)
def article_by_number(request: AnyRequest, article_id: FromPath[str]) -> Response[bytes]:
    """An article's short address leads to its full one."""
    with db_of(request).reading() as connection:
        read = article_page(connection, current_actor(request, connection), article_id=path_id(article_id))
    return moved_to(article_href(read))


@get("/help/{article_id:str}/{slug:str}", action="article.read", sync_to_thread=True, include_in_schema=False)
def article(request: AnyRequest, article_id: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """An article. A wrong slug leads to the right one, for good."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        read = article_page(connection, actor, article_id=path_id(article_id))
        address = article_href(read)
        if slug != read.slug:
            return moved_to(address)
        frame = framed(
            request,
            connection,
            actor,
            title=read.title,
            description=beginning(read.html, 155),
            address=address,
            robots="" if read.state == "published" else "noindex",
            kind="article",
            data=lambda here: linked_data.article(here, read, _author(read), address),
        )
        answer = shown("help-article.html", frame, view=_view(connection, actor, read))
    if not actor.is_signed_in:
        keep_one(request, address, read.version, lambda connection: public_version(connection, article_id=read.id))
    return answer


def article_href(article: ArticlePage) -> str:
    """An article's address."""
    return f"/help/{article.id}/{article.slug}"


def _view(connection: Connection, actor: Actor, read: ArticlePage) -> Read:
    html, parts = with_contents(read.html)
    alike = similar(connection, actor, title=read.title, limit=AROUND + 2)
    own = {("article", read.id), ("question", read.thread_id or 0)}
    return Read(
        article=read,
        html=html,
        parts=parts if len(parts) >= LEAST_CONTENTS else (),
        by=_author(read),
        href=article_href(read),
        source_href=_source_href(read),
        around=tuple(one for one in alike if (one.kind, one.id) not in own)[:AROUND],
        ask=address_of("/ask", title=read.title, category=read.category_slug),
        may_review=may_review(actor).allowed,
    )


def with_contents(html: str) -> tuple[Markup, tuple[Part, ...]]:
    """An article's HTML with its main headings numbered as targets, and the list of them."""
    parts: list[Part] = []

    def numbered(heading: re.Match[str]) -> str:
        parts.append(Part(f"part-{len(parts) + 1}", Markup(_MARKUP.sub("", heading[1])).unescape()))  # noqa: S704 - see below
        return f'<h2 id="part-{len(parts)}">{heading[1]}</h2>'

    return Markup(_HEADING.sub(numbered, html)), tuple(parts)  # noqa: S704 - sanitised when it was written


def _author(read: ArticlePage) -> Person | None:
    if read.answer_by_handle is None:
        return None
    return Person(
        name=read.answer_by_name or "",
        handle=read.answer_by_handle,
        is_staff=bool(read.answer_is_company),
        team=read.answer_badge_team or "",
        bond=read.answer_badge_kind or "",
        bond_is_confirmed=bool(read.answer_badge_is_confirmed),
    )


def _source_href(read: ArticlePage) -> str:
    if read.thread_id is None:
        return ""
    return f"/p/{read.post_id}" if read.post_id else thread_href(read.thread_id, read.thread_slug or "")


@get("/help/review", action="article.desk", sync_to_thread=True, include_in_schema=False)
def desk(request: AnyRequest) -> Response[bytes]:
    """The articles that wait for a reviewer, and those that had one."""
    asked = query(request, Reviewing)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        counts = article_counts(connection, actor)
        found = article_list(connection, actor, state=asked.state, cursor=asked.cursor, limit=50)
        tabs = [
            (
                word,
                address_of("/help/review", state="" if state == "draft" else state),
                state == asked.state,
                counts.get(state, 0),
            )
            for word, state in STATES
        ]
        return shown(
            "help-review.html",
            framed(request, connection, actor, robots="noindex"),
            tabs=tabs,
            state=asked.state,
            articles=found.items,
            pager=_pager("/help/review", found.next, asked.cursor, state=asked.state),
        )


@get("/help/{article_id:str}/edit", action="article.edit", sync_to_thread=True, include_in_schema=False)
def editor(request: AnyRequest, article_id: FromPath[str]) -> Response[bytes]:
    """The editor of an article, for reviewers."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_review(actor))
        read = article_page(connection, actor, article_id=path_id(article_id))
        form = ArticleForm(title=read.title, body=read.source, version=read.version)
        return _editor(request, connection, actor, Editing(article=read, form=form))


@post("/help/{article_id:str}/edit", action="article.edit", sync_to_thread=True, include_in_schema=False)
def edit(request: AnyRequest, article_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Save an article, publish it, or see how it will look. What somebody else changed meanwhile is shown beside it."""
    key, form = path_id(article_id), forms.parse(body, ArticleForm)
    try:
        return _composed(request, key, form) if form.do in ("write", "preview") else _saved(request, key, form)
    except Invalid as refusal:
        form = msgspec.structs.replace(form, do="write")
        return _composed(request, key, form, problems=tuple(refusal.fields.items()), status=422)
    except Conflict as refusal:
        return _composed(request, key, form, problems=(("", refusal.text),), status=409)


def _saved(request: AnyRequest, article_id: int, form: ArticleForm) -> Response[bytes]:
    save = reviewing.publish if form.do == "publish" else reviewing.edit
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        saved = save(session, actor, article_id=article_id, title=form.title, body=form.body, version=form.version)
        address = f"/help/{saved.id}/{saved.slug}"
    return led_to(request, address, "article-published" if form.do == "publish" else "article-saved")


def _composed(
    request: AnyRequest,
    article_id: int,
    form: ArticleForm,
    *,
    problems: tuple[tuple[str, Text], ...] = (),
    status: int = 200,
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_review(actor))
        read = article_page(connection, actor, article_id=article_id)
        view = Editing(
            article=read,
            form=msgspec.structs.replace(form, version=read.version) if status == 409 else form,
            problems=problems,
            preview=previewed(form.body, below=1) if form.do == "preview" else None,
            theirs=status == 409 and read.version != form.version,
        )
        return _editor(request, connection, actor, view, status=status)


def _editor(
    request: AnyRequest, connection: Connection, actor: Actor, view: Editing, *, status: int = 200
) -> Response[bytes]:
    view = msgspec.structs.replace(view, source_href=_source_href(view.article))
    frame = framed(request, connection, actor, robots="noindex")
    return shown("help-edit.html", frame, status=status, view=view)


@post("/help/{article_id:str}/withdraw", action="article.edit", sync_to_thread=True, include_in_schema=False)
def withdraw(request: AnyRequest, article_id: FromPath[str]) -> Response[bytes]:
    """Take an article out of the help centre."""
    key = path_id(article_id)
    with db_of(request).transaction() as session:
        reviewing.withdraw(session, current_member(request, session.connection()), article_id=key)
    return led_to(request, "/help/review", "article-withdrawn")


routes = [help_centre, article_by_number, article, desk, editor, edit, withdraw]
