"""Where imported threads go: categories and tags, and what was said about them."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from forum.exchange import sources
from forum.exchange.bodies import Body
from forum.kernel import markdown
from forum.kernel.access import PUBLIC, STAFF
from forum.kernel.db import insert_new
from forum.threads.tables import Category, Tag
from forum.threads.tags import LONGEST, folded

_C, _T = Category.__table__.c, Tag.__table__.c


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A category there: its key in the map, and what to make of it here."""

    key: str = ""
    slug: str
    name: str
    description: str = ""
    kinds: tuple[str, ...] = ("question",)
    several_solutions: bool = False
    # Whether only some could see it there; then only the staff sees it here, until somebody says otherwise.
    is_restricted: bool = False


def category_of(session: Session, host: str, place: Place) -> int:
    """The category that a place became, made at its first import."""
    known = sources.known(session, host, sources.CATEGORY, [place.key])
    if known:
        return known[place.key]
    position = session.scalar(select(func.coalesce(func.max(_C.position), 0))) or 0
    category = Category(
        slug=_free_slug(session, place.slug),
        name=place.name,
        description=place.description,
        kinds=list(place.kinds),
        position=position + 1,
        several_solutions=place.several_solutions,
        audience=STAFF if place.is_restricted else PUBLIC,
    )
    session.add(category)
    session.flush()
    sources.remember(session, host, sources.CATEGORY, {place.key: category.id})
    return category.id


def tags_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    """The id of each tag by the name that the dump gives it; tags that are not there yet are made."""
    keys = {name: key for name in names if (key := folded(name)[:LONGEST])}
    found = _tag_ids(session, keys.values())
    missing = sorted(set(keys.values()) - found.keys())
    if missing:
        session.connection().execute(insert_new(session, Tag), [{"name": key, "name_key": key} for key in missing])
        found |= _tag_ids(session, missing)
    return {name: found[key] for name, key in keys.items()}


def describe_tag(session: Session, tag_id: int, description: Body) -> bool:
    """Say what a tag is for, unless somebody said so already; returns whether that changed anything."""
    changed = update(Tag).where(_T.id == tag_id, _T.description == "")
    values = {"description": description.source, "description_html": description.html}
    return session.connection().execute(changed.values(values)).rowcount == 1


def tag_description(parts: Iterable[str], host: str, address: str, licence: str) -> Body:
    """What a site says about a tag, with where it is from and under which licence.

    Raises:
        Invalid: it is longer than a text may be.
    """
    told = "\n\n".join(part for part in parts if part)
    source = f"{told}\n\n[{host}]({address}), {licence}"
    return Body(source=source, html=markdown.render(source).html)


def _tag_ids(session: Session, keys: Iterable[str]) -> dict[str, int]:
    rows = session.execute(select(_T.name_key, _T.id).where(_T.name_key.in_(sorted(set(keys)))))
    return {row.name_key: row.id for row in rows}


def _free_slug(session: Session, slug: str) -> str:
    taken = set(session.scalars(select(_C.slug).where(_C.slug.startswith(slug))))
    slugs = [slug, *(f"{slug}-{turn}" for turn in range(2, len(taken) + 3))]
    return next(each for each in slugs if each not in taken)
