"""Opening a thread: the form, threads that look alike while one writes, the preview, and posting.

Without script the threads that look alike are a step before posting; with it they were seen while typing, and the form says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import RawBody
from markupsafe import Markup
from msgspec import Meta
from sqlalchemy import Connection

from forum.ideas.proposing import open_any
from forum.kernel.access import MEMBERS, Actor, Denied
from forum.kernel.errors import N_, Invalid, Text
from forum.search.pages import Similar, similar
from forum.threads import tags as tagging
from forum.threads import text
from forum.threads.pages import in_short
from forum.threads.places import CategoryLine, category_list
from forum.threads.policies import may_ask, may_take_part
from forum.threads.tables import KINDS
from web import forms
from web.arguments import query
from web.identity import current_actor
from web.installation import db_of
from web.locales import LANGUAGE_NAMES, LOCALES
from web.pages.entering import wall
from web.pages.frame import address_of, fragment, framed, language_of, led_to, shown
from web.pages.private_details import NO_NUDGE, Choice, Nudge, as_chosen, nudge
from web.pages.rows import beginning, thread_href
from web.pages.threads import previewed

AnyRequest = Request[Any, Any, Any]
Verbatim = Annotated[str, Meta(extra={"verbatim": True})]
KIND_NAMES = {
    "question": Text(N_("A question")),
    "idea": Text(N_("An idea")),
    "discussion": Text(N_("A discussion")),
    "announcement": Text(N_("An announcement")),
}


class AskForm(msgspec.Struct, frozen=True):
    """The form of `/ask`. `reviewed` says that the threads that look alike were shown, `details` what becomes of private details;
    `lang` is the language of the words.
    """

    kind: str = "question"
    category: str = ""
    title: str = ""
    tags: str = ""
    body: Verbatim = ""
    lang: str = ""
    reviewed: bool = False
    details: Choice | None = None
    do: Literal["write", "preview"] | None = None

    @property
    def names(self) -> list[str]:
        """The tags as names: between commas, or between spaces where there is no comma."""
        return self.tags.split(",") if "," in self.tags else self.tags.split()


class Begun(msgspec.Struct, frozen=True):
    """With what a link may fill the form in beforehand."""

    kind: str = "question"
    category: str = ""
    title: str = ""
    tags: str = ""


class Typed(msgspec.Struct, frozen=True):
    """Words that threads are looked up for."""

    title: str = ""


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A thread or article that looks alike, with the beginning of what answers it."""

    found: Similar
    href: str
    text: str


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows: the form as typed, what may be chosen, what needs mending, and what looks alike."""

    form: AskForm
    kinds: list[tuple[str, Text | str]]
    categories: list[tuple[str, Text | str]]
    languages: list[tuple[str, Text | str]]
    problems: tuple[tuple[str, Text], ...]
    alike: tuple[Alike, ...]
    is_review: bool
    preview: Markup | None
    refusal: Text | None
    nudge: Nudge = NO_NUDGE
    is_unfurnished: bool = False  # there is no category at all that this reader sees

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((problem for name, problem in self.problems if name == field), "")


@get("/ask", action="thread.begin", sync_to_thread=True, include_in_schema=False)
def ask_page(request: AnyRequest) -> Response[bytes]:
    """The empty form; a link may have filled some of it in."""
    begun = query(request, Begun)
    form = AskForm(kind=begun.kind, category=begun.category, title=begun.title, tags=begun.tags)
    return _page(request, form)


@get("/ask/similar", action="search.find", sync_to_thread=True, include_in_schema=False)
def ask_similar(request: AnyRequest) -> Response[bytes]:
    """Threads that look alike, alone: for script, while a title is typed."""
    typed = query(request, Typed)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        found = _alike(connection, actor, AskForm(title=typed.title))
    return fragment("ask/similar.html", language_of(request, actor), alike=found)


@post("/ask", action="thread.open", sync_to_thread=True, include_in_schema=False)
def ask(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Post the thread; or show how it will look, threads that look alike, what looks private, or what needs mending."""
    pairs = forms.pairs_of(body)
    form = forms.read(pairs, AskForm)
    if form.do is not None:
        return _page(request, form)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        if not actor.is_signed_in:
            return wall(request, pairs, to="/ask", back="/ask")
        is_sound = _is_sound(form)
        alike = () if form.reviewed or not is_sound else _alike(connection, actor, form)
    told = nudge(form.details, form.title, form.body) if is_sound else NO_NUDGE
    if alike or told.found:
        return _page(request, form, alike=alike, told=told)
    try:
        return _posted(request, form)
    except Invalid as refusal:
        return _page(request, form, problems=tuple(refusal.fields.items()), status=422)


def _is_sound(form: AskForm) -> bool:
    """Whether the words can be posted as they are; what looks alike is shown once, and not before that."""
    faults = text.Faults()
    text.title(form.title, faults)
    text.opening(form.body, faults)
    tagging.checked(form.names, faults)
    try:
        faults.refuse()
    except Invalid:
        return False
    return True


def _alike(connection: Connection, actor: Actor, form: AskForm) -> tuple[Alike, ...]:
    found = similar(connection, actor, title=form.title, body=form.body)
    words = in_short(connection, [one.id for one in found if one.kind != "article"])
    return tuple(
        Alike(
            found=one,
            href=f"/help/{one.id}/{one.slug}" if one.kind == "article" else thread_href(one.id, one.slug),
            text="" if one.kind == "article" else beginning(words.get(one.id, ""), 280),
        )
        for one in found
    )


def _posted(request: AnyRequest, form: AskForm) -> Response[bytes]:
    with db_of(request).transaction() as session:
        opened = open_any(
            session,
            current_actor(request, session.connection()),
            kind=form.kind if form.kind in KINDS else "question",
            category=form.category,
            title=as_chosen(form.details, form.title),
            body=as_chosen(form.details, form.body),
            tags=form.names,
            locale=form.lang if form.lang in LOCALES else "",
        )
    return led_to(request, thread_href(opened.id, opened.slug), "posted")


def _page(
    request: AnyRequest,
    form: AskForm,
    *,
    alike: tuple[Alike, ...] = (),
    told: Nudge = NO_NUDGE,
    problems: tuple[tuple[str, Text], ...] = (),
    status: int = 200,
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        page = framed(request, connection, actor, title=Text(N_("Ask")), address=address_of("/ask"))
        every = category_list(connection, actor)
        places = [place for place in every if _may_choose(actor, place)]
        is_review = bool(alike)
        if form.title and not alike:
            alike = _alike(connection, actor, form)
    asking = Asking(
        form=form if form.lang else msgspec.structs.replace(form, lang=page.locale),
        kinds=_kinds(places),
        categories=[
            ("", Text(N_("Choose …"))),
            *((place.slug, page.places.name(place.slug, place.name)) for place in places),
        ],
        languages=[(locale, LANGUAGE_NAMES[locale]) for locale in LOCALES],
        problems=problems,
        alike=alike,
        is_review=is_review,
        preview=previewed(form.body, below=1) if form.do == "preview" else None,
        refusal=_refusal(actor, places),
        nudge=told if told.is_shown else Nudge(choice=form.details),
        is_unfurnished=not every and not actor.unverified,
    )
    return shown("ask/page.html", page, status=status, asking=asking)


def _may_choose(actor: Actor, place: CategoryLine) -> bool:
    """Visitors see what they could choose once they are members."""
    return may_ask(actor, place).allowed if actor.is_signed_in else place.openers <= MEMBERS


def _kinds(places: Sequence[CategoryLine]) -> list[tuple[str, Text | str]]:
    offered = {kind for place in places for kind in place.kinds}
    return [(kind, KIND_NAMES[kind]) for kind in KINDS if kind in offered]


def _refusal(actor: Actor, places: Sequence[CategoryLine]) -> Text | None:
    """Why this member cannot ask at all, before they write a word."""
    if not actor.is_signed_in or places:
        return None
    verdict = may_take_part(actor)
    return verdict.text if isinstance(verdict, Denied) else Text(N_("You may not open threads at present."))


routes = [ask_page, ask_similar, ask]
