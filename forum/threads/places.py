"""Where threads live: categories and tags, as the pages that list them read them."""

from typing import Any

import msgspec
from sqlalchemy import Connection, String, bindparam, func, literal, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import NotFound
from forum.threads.tables import Category, FormerSlug, Tag, Thread, ThreadTag, Words
from forum.visibility import as_seen_by, category_seen, visible_to

_C, _G, _T, _U = (table.__table__.c for table in (Category, Tag, Thread, ThreadTag))


class CategoryLine(msgspec.Struct, frozen=True, array_like=True):
    """A category that the reader may see. `open_count`: its questions without a solution."""

    id: int
    slug: str
    name: str
    description: str
    icon: str
    kinds: list[str]
    audience: int
    openers: int
    thread_count: int
    open_count: int
    peers_first_hours: int


class TagLine(msgspec.Struct, frozen=True, array_like=True):
    """A tag with how many threads are under it."""

    name: str
    key: str
    description: str
    description_html: str
    thread_count: int


_CATEGORY_COLUMNS = (
    _C.id, _C.slug, _C.name, _C.description, _C.icon, _C.kinds, _C.audience, _C.openers, _C.thread_count, _C.open_count,
    _C.peers_first_hours,
)  # fmt: skip
_CATEGORIES: Select[Any] = select(*_CATEGORY_COLUMNS).where(category_seen(_C)).order_by(_C.position, _C.id)
_CATEGORY: Select[Any] = select(*_CATEGORY_COLUMNS).where(_C.slug == bindparam("slug", type_=String), category_seen(_C))
_WORDS: Select[Any] = select(_C.slug, _C.words).where(_C.words != literal({}, _C.words.type))
_MOVED: Select[Any] = (
    select(_C.slug)
    .join(FormerSlug, FormerSlug.category_id == _C.id)
    .where(FormerSlug.slug == bindparam("slug", type_=String), category_seen(_C))
)
_TAG_COLUMNS = (_G.name, _G.name_key, _G.description, _G.description_html, _G.thread_count)
_TAGS: Select[Any] = (
    select(*_TAG_COLUMNS)
    .where(_G.thread_count > 0, _G.name_key.startswith(bindparam("prefix", type_=String), autoescape=False))
    .order_by(_G.thread_count.desc(), _G.name_key)
    .limit(bindparam("limit"))
)
_TAG: Select[Any] = select(*_TAG_COLUMNS).where(
    _G.name_key == bindparam("key", type_=String),
    or_(
        _G.thread_count > 0,
        select(_U.thread_id)
        .select_from(
            ThreadTag.__table__.join(Thread.__table__, _T.id == _U.thread_id).join(
                Category.__table__, _C.id == _T.category_id
            )
        )
        .where(_U.tag_id == _G.id, visible_to(_T, _C))
        .correlate(Tag.__table__)
        .exists(),
    ),
)


def category_list(connection: Connection, actor: Actor) -> tuple[CategoryLine, ...]:
    """Every category that the actor may see, in the order that administrators gave them."""
    return tuple(CategoryLine(*row) for row in connection.execute(_CATEGORIES, as_seen_by(actor)))


def category_named(connection: Connection, actor: Actor, slug: str) -> CategoryLine:
    """One category.

    Raises:
        NotFound: there is none, or this actor cannot see it.
    """
    row = connection.execute(_CATEGORY, {"slug": slug, **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    return CategoryLine(*row)


def category_words(connection: Connection) -> dict[str, Words]:
    """Names and descriptions in other languages, of whichever categories have some, by their addresses."""
    return {row.slug: row.words for row in connection.execute(_WORDS)}


def slug_now(connection: Connection, actor: Actor, slug: str) -> str:
    """Where the category stands that stood at this address before.

    Raises:
        NotFound: none did, or this actor cannot see it.
    """
    found: str | None = connection.execute(_MOVED, {"slug": slug, **as_seen_by(actor)}).scalar()
    if found is None:
        raise NotFound()
    return found


def tag_list(connection: Connection, *, prefix: str = "", limit: int = 100) -> tuple[TagLine, ...]:
    """The tags that most threads are under of those that everybody can find, those that begin with `prefix`."""
    escaped = prefix.replace("\\", "").replace("%", "").replace("_", "").casefold()
    return tuple(TagLine(*row) for row in connection.execute(_TAGS, {"prefix": escaped, "limit": limit}))


def tag_named(connection: Connection, actor: Actor, name: str) -> TagLine:
    """One tag. Its count is of the threads that everybody can find.

    Raises:
        NotFound: nobody uses it, or only where this actor does not see it.
    """
    row = connection.execute(_TAG, {"key": name.casefold(), **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    return TagLine(*row)


def recount_categories(db: Database) -> int:
    """Count the threads of each category anew; returns how many counts were different. Runs each minute."""
    with db.transaction() as session:
        return sum(_recount(session, category) for category in session.scalars(select(Category)))


def _recount(session: Session, category: Category) -> bool:
    shown = (Thread.category_id == category.id, Thread.hidden_at.is_(None))
    is_open = (Thread.kind == "question", Thread.solved_at.is_(None), Thread.closed_at.is_(None))
    total = session.scalar(select(func.count()).where(*shown)) or 0
    unsolved = session.scalar(select(func.count()).where(*shown, *is_open)) or 0
    if (category.thread_count, category.open_count) == (total, unsolved):
        return False
    session.execute(update(Category).where(Category.id == category.id).values(thread_count=total, open_count=unsolved))
    return True
