"""Search results and similar threads. The index is never an authority: what it finds is read again from the forum, as this
actor may see it, and no word of a post that is out of sight is quoted.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select
from sqlalchemy.sql import Select

from forum.articles.tables import Article
from forum.kernel.access import Actor
from forum.kernel.errors import Text
from forum.search import engine
from forum.search.engine import Hit
from forum.search.excerpts import Piece, excerpt, has_all
from forum.search.queries import Question, parsed, telling_words
from forum.search.tables import SearchDocument
from forum.search.words import COMMON
from forum.threads.lists import ThreadLine, threads_by_id
from forum.threads.tables import Post

PAGE = 20
NEAR = 0.45
"""How much of the best one's score a similar thread must have."""
KINDS = ("question", "article", "idea", "discussion", "announcement")

_A, _S, _P = (table.__table__.c for table in (Article, SearchDocument, Post))
Key = tuple[str, int]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for, and what of the results is wanted; empty narrows nothing. Categories by slug, languages by locale."""

    typed: str
    kinds: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    offset: int = 0
    size: int = PAGE


class FoundArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article among the results."""

    id: int
    title: str
    slug: str
    locale: str
    category_slug: str
    category_name: str
    changed_at: datetime


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found: a thread or an article. `excerpt`: pieces of its text, each with whether it was searched for."""

    thread: ThreadLine | None
    article: FoundArticle | None
    excerpt: tuple[Piece, ...]


class Count(msgspec.Struct, frozen=True):
    """How many results there are of one kind, in one category or language, the others' ticks applied."""

    value: str
    name: str
    count: int


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of results. `total` counts up to `engine.MOST_RANKED`.

    `loosened`: nothing had all the words, so these have some. `meant`: nothing had them as they were spelled, so these have
    those words.
    """

    asked: Asked
    question: Question
    results: tuple[Result, ...]
    total: int
    loosened: bool
    meant: str
    kinds: tuple[Count, ...]
    categories: tuple[Count, ...]
    locales: tuple[Count, ...]

    @property
    def hints(self) -> tuple[Text, ...]:
        """What of the words could not be understood."""
        return self.question.hints

    @property
    def is_capped(self) -> bool:
        """Whether there may be more than `total`."""
        return self.total >= engine.MOST_RANKED


class Similar(msgspec.Struct, frozen=True, kw_only=True):
    """A thread or article that may answer what is being asked."""

    kind: str
    id: int
    title: str
    slug: str
    is_solved: bool
    reply_count: int


_DOCUMENTS: Select[Any] = (
    select(_S.kind, _S.local_id, _S.body, _S.posts, _A.title, _A.slug, _A.changed_at)
    .select_from(SearchDocument.__table__)
    .outerjoin(Article.__table__, and_(_S.kind == "article", _A.id == _S.local_id, _A.state == "published"))
    .where(
        or_(
            and_(_S.kind == "thread", _S.local_id.in_(bindparam("threads", expanding=True))),
            and_(_S.kind == "article", _S.local_id.in_(bindparam("articles", expanding=True))),
        )
    )
)
_OUT_OF_SIGHT: Select[Any] = select(_P.id).where(
    _P.thread_id.in_(bindparam("threads", expanding=True)), or_(_P.hidden_at.is_not(None), _P.deleted_at.is_not(None))
)


def search_page(connection: Connection, actor: Actor, asked: Asked) -> SearchPage:
    """What is found for what somebody typed. What is beyond the last result is empty."""
    typed = parsed(asked.typed)
    question, hits, loosened = _hits(connection, actor, typed)
    wanted, mixes = _wanted(hits, asked), _mixes(hits)
    shown = wanted[asked.offset : asked.offset + asked.size]
    return SearchPage(
        asked=asked,
        question=question,
        results=_results(connection, actor, question, shown, loosened=loosened),
        total=len(wanted),
        loosened=loosened,
        meant=" ".join(question.words) if question is not typed else "",
        kinds=_counted(mixes, asked, "kinds", KINDS),
        categories=_counted(mixes, asked, "categories"),
        locales=_counted(mixes, asked, "locales"),
    )


def _hits(connection: Connection, actor: Actor, question: Question) -> tuple[Question, list[Hit], bool]:
    """What is found, for which question, and whether not all of its words are in it.

    Where nothing has all words, misspelt ones are put right; where nothing has those either, any word will do.
    """
    hits = engine.find(connection, actor, question)
    if hits or question.is_empty:
        return question, hits, False
    meant = engine.put_right(connection, actor, question)
    if meant is not None and (hits := engine.find(connection, actor, meant)):
        return meant, hits, False
    if len(question.words) < 2 or question.unwanted or question.tags:
        return question, [], False
    return question, engine.find_any(connection, actor, question.words, question.narrowing), True


def _wanted(hits: list[Hit], asked: Asked) -> list[Hit]:
    """The hits that pass every facet's ticks."""
    kinds, categories, locales = asked.kinds, asked.categories, asked.locales
    if not (kinds or categories or locales):
        return hits
    return [
        hit
        for hit in hits
        if (not kinds or hit.kind in kinds)
        and (not categories or hit.category_slug in categories)
        and (not locales or hit.locale in locales)
    ]


Mix = tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
_FACETS = ("kinds", "categories", "locales")


def _mixes(hits: list[Hit]) -> Counter[Mix]:
    """How many hits there are of each kind, category and language taken together: a handful, however many hits."""
    counted = Counter((hit.kind, hit.category_slug, hit.category_name, hit.locale) for hit in hits)
    return Counter(
        {((kind, kind), (slug, name), (locale, locale)): count for (kind, slug, name, locale), count in counted.items()}
    )


def _counted(mixes: Counter[Mix], asked: Asked, facet: str, order: tuple[str, ...] = ()) -> tuple[Count, ...]:
    """What can be ticked in one facet, in the given order, else the most frequent first; what is ticked stays to be unticked."""
    own = _FACETS.index(facet)
    ticks = [getattr(asked, name) if name != facet else () for name in _FACETS]
    counted: Counter[tuple[str, str]] = Counter()
    for mix, count in mixes.items():
        passes = all(not ticked or value in ticked for ticked, (value, _) in zip(ticks, mix, strict=True))
        if passes or mix[own][0] in getattr(asked, facet):
            counted[mix[own]] += count if passes else 0
    found = [Count(value, name, count) for (value, name), count in counted.most_common() if value]
    return tuple(sorted(found, key=lambda count: order.index(count.value)) if order else found)


def _results(
    connection: Connection, actor: Actor, question: Question, hits: list[Hit], *, loosened: bool
) -> tuple[Result, ...]:
    thread_ids = [hit.local_id for hit in hits if hit.kind != "article"]
    threads = threads_by_id(connection, actor, thread_ids)
    documents = _documents(connection, hits)
    out_of_sight = _out_of_sight(connection, thread_ids)
    found = (
        _result(hit, threads.get(hit.local_id), documents.get(_key(hit)), question, out_of_sight, loosened=loosened)
        for hit in hits
    )
    return tuple(result for result in found if result is not None)


def _result(
    hit: Hit, thread: ThreadLine | None, document: Any, question: Question, out_of_sight: set[int], *, loosened: bool
) -> Result | None:
    """A hit as it may be shown; nothing where it was found by words alone that nobody may see any more."""
    if document is None:
        return None
    article = _article(hit, document) if hit.kind == "article" else None
    if article is None and (thread is None or hit.kind == "article"):
        return None
    lines = _lines(document, out_of_sight)
    if thread is not None and len(lines) < len(document.posts) and not loosened:
        named = " ".join(name for name, _ in thread.tags)
        if not has_all([thread.title, named, *lines], question.words):
            return None
    return Result(
        thread=thread if article is None else None, article=article, excerpt=excerpt(lines, _marking(question.words))
    )


def _lines(document: Any, out_of_sight: set[int]) -> list[str]:
    """The texts of a document that are in sight now."""
    lines = document.body.split("\n")
    if not document.posts:
        return list(lines)
    return [line for post_id, line in zip(document.posts, lines, strict=False) if post_id not in out_of_sight]


def _marking(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words to mark: common ones only where there are no others."""
    return tuple(word for word in words if word not in COMMON) or words


def _article(hit: Hit, document: Any) -> FoundArticle | None:
    if document.title is None:
        return None
    return FoundArticle(
        id=hit.local_id,
        title=document.title,
        slug=document.slug,
        locale=hit.locale,
        category_slug=hit.category_slug,
        category_name=hit.category_name,
        changed_at=document.changed_at,
    )


def _key(hit: Hit) -> Key:
    return ("article" if hit.kind == "article" else "thread", hit.local_id)


def _documents(connection: Connection, hits: Iterable[Hit]) -> dict[Key, Any]:
    keys = [_key(hit) for hit in hits]
    if not keys:
        return {}
    values = {f"{kind}s": [local_id for own, local_id in keys if own == kind] for kind in ("thread", "article")}
    return {(row.kind, row.local_id): row for row in connection.execute(_DOCUMENTS, values)}


def _out_of_sight(connection: Connection, thread_ids: list[int]) -> set[int]:
    """The posts of these threads that nobody may read any more, whatever the index still says of them."""
    return set(connection.scalars(_OUT_OF_SIGHT, {"threads": thread_ids})) if thread_ids else set()


def similar(connection: Connection, actor: Actor, *, title: str, body: str = "", limit: int = 5) -> tuple[Similar, ...]:
    """Threads and articles with the telling words of a question that is being written; the title counts, the body helps."""
    hits = _near(engine.find_any(connection, actor, telling_words(f"{title} {body[:300]}")))[: limit * 2]
    threads = threads_by_id(connection, actor, [hit.local_id for hit in hits if hit.kind != "article"])
    documents = _documents(connection, [hit for hit in hits if hit.kind == "article"])
    found = (_similar(hit, threads.get(hit.local_id), documents.get(_key(hit))) for hit in hits)
    return tuple(each for each in found if each is not None)[:limit]


def _near(hits: list[Hit]) -> list[Hit]:
    """Those that are not far behind the best: something looks alike, or nothing does."""
    best = max((hit.score for hit in hits), default=0.0)
    return [hit for hit in hits if hit.score >= best * NEAR]


def _similar(hit: Hit, thread: ThreadLine | None, document: Any) -> Similar | None:
    if hit.kind == "article":
        article = _article(hit, document) if document is not None else None
        return None if article is None else Similar(
            kind="article", id=article.id, title=article.title, slug=article.slug, is_solved=True, reply_count=0
        )  # fmt: skip
    if thread is None:
        return None
    return Similar(
        kind=thread.kind,
        id=thread.id,
        title=thread.title,
        slug=thread.slug,
        is_solved=thread.is_solved,
        reply_count=thread.reply_count,
    )
