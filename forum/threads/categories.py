"""Categories: made and changed by administrators, with a receipt in the audit log."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import MEMBERS, PUBLIC, STAFF, Actor, require
from forum.kernel.db import locked
from forum.kernel.errors import N_, NotFound
from forum.members import audit
from forum.threads.policies import may_manage_categories
from forum.threads.tables import KINDS, Category
from forum.threads.text import Faults

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CLEARANCES = (PUBLIC, MEMBERS, STAFF)
_LONGEST_PEERS_FIRST = 24 * 14
_FIELDS = frozenset(column.key for column in Category.__table__.columns) - {"id"}


def create(
    session: Session,
    actor: Actor,
    *,
    slug: str,
    name: str,
    kinds: Sequence[str],
    description: str = "",
    icon: str = "",
    position: int = 0,
    audience: int = PUBLIC,
    openers: int = MEMBERS,
    several_solutions: bool = False,
    peers_first_hours: int = 0,
) -> Category:
    """Make a category.

    Raises:
        NotAllowed: only administrators may.
        Invalid: a field needs mending, or the address is taken.
    """
    require(may_manage_categories(actor))
    category = Category(
        slug=slug,
        name=name,
        kinds=list(kinds),
        description=description,
        icon=icon,
        position=position,
        audience=audience,
        openers=openers,
        several_solutions=several_solutions,
        peers_first_hours=peers_first_hours,
    )
    _check(session, category)
    session.add(category)
    session.flush()
    audit.record(session, actor, "category.create", f"category:{category.id}", slug=slug)
    return category


def edit(session: Session, actor: Actor, *, category_id: int, **changes: Any) -> Category:
    """Change some of what `create` takes; anything else is a mistake of the caller.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such category.
        Invalid: a field needs mending, or the address is taken.
    """
    require(may_manage_categories(actor))
    category = locked(session, Category, category_id)
    if not changes.keys() <= _FIELDS:
        raise TypeError(f"a category has no {', '.join(sorted(changes.keys() - _FIELDS))} that could be changed")
    before = {field: getattr(category, field) for field in changes}
    with session.no_autoflush:
        for field, value in changes.items():
            setattr(category, field, list(value) if field == "kinds" else value)
        _check(session, category)
    audit.record(session, actor, "category.edit", f"category:{category.id}", before=before, after=changes)
    return category


def by_slug(session: Session, actor: Actor, slug: str) -> Category:
    """The category at that address.

    Raises:
        NotFound: there is none, or this actor cannot see it.
    """
    category = session.scalar(select(Category).where(Category.slug == slug, Category.audience <= actor.clearance))
    if category is None:
        raise NotFound()
    return category


def _check(session: Session, category: Category) -> None:
    faults = Faults()
    if not _SLUG.fullmatch(category.slug) or len(category.slug) > 60:
        faults.add("slug", N_("An address is made of the letters a to z and digits, with single hyphens between."))
    taken = select(Category.id).where(Category.slug == category.slug, Category.id != (category.id or 0))
    if session.scalar(taken) is not None:
        faults.add("slug", N_("Another category has this address."))
    if not 1 <= len(category.name.strip()) <= 80:
        faults.add("name", N_("A name has 1 to %(most)s characters."), most=80)
    if len(category.description) > 300:
        faults.add("description", N_("Please keep this to %(most)s characters."), most=300)
    if not category.kinds or not set(category.kinds) <= set(KINDS):
        faults.add("kinds", N_("Choose what can be opened in this category."))
    _check_rules(category, faults)
    faults.refuse()


def _check_rules(category: Category, faults: Faults) -> None:
    if category.audience not in _CLEARANCES:
        faults.add("audience", N_("Choose who sees this category."))
    if category.openers not in _CLEARANCES[1:] or category.openers < category.audience:
        faults.add("openers", N_("Whoever opens threads in a category must be able to see it."))
    if not 0 <= category.peers_first_hours <= _LONGEST_PEERS_FIRST:
        faults.add("peers_first_hours", N_("Choose 0 to %(most)s hours."), most=_LONGEST_PEERS_FIRST)
