"""The search page: one box, threads and articles, narrowed by ticks, with numbered pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from msgspec import Meta
from sqlalchemy import Connection

from forum.kernel.errors import N_, Text
from forum.search.excerpts import Piece
from forum.search.pages import PAGE, Asked, Count, Result, SearchPage, search_page
from forum.search.queries import plain
from forum.threads.text import TITLE_LENGTH
from web.arguments import query
from web.identity import current_actor
from web.installation import db_of
from web.locales import LANGUAGE_NAMES
from web.pages.frame import address_of, framed, moved_to, shown
from web.pages.parts import Facet, FacetValue, Pager, ThreadRow, numbered
from web.pages.rows import rows_of, thread_href
from web.places import Places

AnyRequest = Request[Any, Any, Any]
Ticks = Annotated[tuple[str, ...], Meta(max_length=20)]

KIND_NAMES = {
    "question": Text(N_("Questions")),
    "article": Text(N_("Help articles")),
    "idea": Text(N_("Ideas")),
    "discussion": Text(N_("Discussions")),
    "announcement": Text(N_("Announcements")),
}


class Arguments(msgspec.Struct, frozen=True):
    """The address of a search. What is beyond the last page is no page."""

    q: str = ""
    kind: Ticks = ()
    cat: Ticks = ()
    lang: Ticks = ()
    page: Annotated[int, Meta(ge=1, le=1_000)] = 1

    def address(self, *, page: int = 0) -> str:
        pairs: list[tuple[str, str]] = [("q", self.q), *self.ticks]
        return "/search?" + urlencode([*pairs, ("page", str(page))] if page > 1 else pairs)

    @property
    def meant(self) -> Asked:
        offset = (self.page - 1) * PAGE
        return Asked(typed=self.q, kinds=self.kind, categories=self.cat, locales=self.lang, offset=offset)

    @property
    def ticks(self) -> list[tuple[str, str]]:
        named = (("kind", self.kind), ("cat", self.cat), ("lang", self.lang))
        return [(name, value) for name, values in named for value in values]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A result as the page shows it. `row` carries the badges of a thread; an article has none."""

    href: str
    title: str
    locale: str
    excerpt: tuple[Piece, ...]
    row: ThreadRow | None
    category: str
    category_slug: str
    by: str
    at: datetime


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows of a search: what was typed, what was found, how it can be narrowed, and what to ask with instead."""

    typed: str
    words: str
    found: tuple[Found, ...]
    total: int
    is_capped: bool
    loosened: bool
    meant: str
    hints: tuple[Text, ...]
    facets: tuple[Facet, ...]
    ticked: int
    unticked: str
    pager: Pager
    is_empty_question: bool
    ask: str


@get("/search", action="search.find", sync_to_thread=True, include_in_schema=False)
def search(request: AnyRequest) -> Response[bytes]:
    """What is found for some words; without words, the box alone."""
    asked = query(request, Arguments)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        page = search_page(connection, actor, asked.meant)
        if asked.page > last_page(page):
            return moved_to(asked.address(page=last_page(page)), status=302)
        frame = framed(request, connection, actor, robots="noindex, follow")
        return shown("search.html", frame, view=_view(connection, asked, page, frame.places))


def last_page(page: SearchPage) -> int:
    """The number of the last page; there is always one."""
    return max(1, -(-page.total // PAGE))


def _view(connection: Connection, asked: Arguments, page: SearchPage, places: Places) -> Results:
    words = plain(asked.q)
    return Results(
        typed=asked.q,
        words=words,
        found=_found(connection, page.results),
        total=page.total,
        is_capped=page.is_capped,
        loosened=page.loosened,
        meant=page.meant,
        hints=page.hints,
        facets=_facets(asked, page, places),
        ticked=len(asked.ticks),
        unticked=Arguments(q=asked.q).address(),
        pager=numbered(asked.page, last_page(page), lambda number: asked.address(page=number)),
        is_empty_question=page.question.is_empty,
        ask=address_of("/ask", title=words[: TITLE_LENGTH[1]]),
    )


def _found(connection: Connection, results: tuple[Result, ...]) -> tuple[Found, ...]:
    rows = iter(rows_of(connection, [result.thread for result in results if result.thread is not None]))
    return tuple(_shown(result, next(rows) if result.thread is not None else None) for result in results)


def _shown(result: Result, row: ThreadRow | None) -> Found:
    if result.thread is not None:
        line = result.thread
        return Found(
            href=thread_href(line.id, line.slug),
            title=line.title,
            locale=line.locale,
            excerpt=result.excerpt,
            row=row,
            category=line.category_name,
            category_slug=line.category_slug,
            by=line.author_name,
            at=line.created_at,
        )
    article = result.article
    if article is None:
        raise AssertionError("a result is a thread or an article")
    return Found(
        href=f"/help/{article.id}/{article.slug}",
        title=article.title,
        locale=article.locale,
        excerpt=result.excerpt,
        row=None,
        category=article.category_name,
        category_slug=article.category_slug,
        by="",
        at=article.changed_at,
    )


def _facets(asked: Arguments, page: SearchPage, places: Places) -> tuple[Facet, ...]:
    called = {one.value: places.name(one.value, one.name) for one in page.categories}
    facets = (
        Facet("kind", Text(N_("Kind")), _values(page.kinds, asked.kind, KIND_NAMES)),
        Facet("cat", Text(N_("Category")), _values(page.categories, asked.cat, called)),
        Facet("lang", Text(N_("Language")), _values(page.locales, asked.lang, LANGUAGE_NAMES)),
    )
    return tuple(facet for facet in facets if len(facet.values) > 1 or any(tick.is_chosen for tick in facet.values))


def _values(counts: tuple[Count, ...], chosen: tuple[str, ...], names: Any) -> tuple[FacetValue, ...]:
    return tuple(
        FacetValue(count.value, names.get(count.value, count.name), count.count, count.value in chosen)
        for count in counts
    )


routes = [search]
