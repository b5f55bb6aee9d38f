"""Categories: made and changed by administrators, with a receipt in the audit log."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import String, bindparam, delete, select
from sqlalchemy.orm import Session

from forum.events import CategoryChanged
from forum.kernel import outbox
from forum.kernel.access import GROUPS, MEMBERS, PUBLIC, STAFF, Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Invalid, NotFound
from forum.kernel.settings import LOCALES
from forum.members import audit, site
from forum.members.keys import handle_key
from forum.members.tables import Group, Member
from forum.threads import recounting
from forum.threads.policies import may_manage_categories
from forum.threads.tables import KINDS, Category, CategoryGroup, CategoryModerator, FormerSlug, Thread, Words
from forum.threads.text import Faults
from forum.visibility import DecisionId, as_seen_by, category_seen, is_same_audience, keeps_readers

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
AUDIENCES = (PUBLIC, MEMBERS, STAFF, GROUPS)
SPEAKERS = (MEMBERS, STAFF, GROUPS)
"""Who may open threads or reply: every member who sees the category, staff, or those whose groups may."""
LONGEST = {"name": 80, "description": 300}
_LONGEST_PEERS_FIRST = 24 * 14
_FIELDS = frozenset(column.key for column in Category.__table__.columns) - {"id"}


NARROWING = N_("Fewer people will see what stands here. Say why, in 10 to 2,000 characters. Everybody can read it.")


class _Audience(NamedTuple):
    """Who will see a category."""

    audience: int


class Admitted(NamedTuple):
    """A group in a category: its people see it, and may open threads and reply where the category leaves that to groups."""

    group_id: int
    may_open: bool = True
    may_reply: bool = True


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
    repliers: int = MEMBERS,
    groups: Sequence[Admitted] = (),
    moderators: Sequence[str] = (),
    several_solutions: bool = False,
    peers_first_hours: int = 0,
    words: Words | None = None,
) -> Category:
    """Make a category; `words` are its name and description in other languages. Where `audience`, `openers` or `repliers` is `GROUPS`, `groups` decide; `moderators` are handles.

    Raises:
        NotAllowed: only administrators may.
        Invalid: a field needs mending, the address is taken, or there is no such group or person.
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
        repliers=repliers,
        several_solutions=several_solutions,
        peers_first_hours=peers_first_hours,
        words=tidied(words or {}),
    )
    faults = Faults()
    _check(session, category, groups, faults)
    people = _people(session, moderators, faults)
    faults.refuse()
    session.add(category)
    session.execute(delete(FormerSlug).where(FormerSlug.slug == slug))
    session.flush()
    _admit(session, category, groups)
    _charge(session, category, people)
    audit.record(session, actor, "category.create", f"category:{category.id}", slug=slug, **_told(groups, moderators))
    if category.words:
        site.touch(session)
    return category


def edit(
    session: Session,
    actor: Actor,
    *,
    category_id: int,
    groups: Sequence[Admitted] | None = None,
    moderators: Sequence[str] | None = None,
    decision: DecisionId | None = None,
    **changes: Any,
) -> Category:
    """Change some of what `create` takes; what is left out stays, anything else is a mistake of the caller.

    Letting fewer people see threads that stand there takes a `decision`, as hiding one of them would.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such category.
        Invalid: a field needs mending, the address is taken, there is no such group or person, or nobody decided that fewer see it.
    """
    require(may_manage_categories(actor))
    category = locked(session, Category, category_id)
    if not changes.keys() <= _FIELDS:
        raise TypeError(f"a category has no {', '.join(sorted(changes.keys() - _FIELDS))} that could be changed")
    before = {field: getattr(category, field) for field in changes}
    if decision is None and _narrows(session, category, changes, groups):
        raise Invalid({"text": NARROWING})
    admitted = groups_of(session, category) if groups is None else groups
    people = _changed(session, category, changes, admitted, moderators)
    _admit(session, category, admitted)
    _charge(session, category, people)
    if before.get("slug", category.slug) != category.slug:
        _keep_leading(session, category, before["slug"])
    audit.record(
        session, actor, "category.edit", f"category:{category.id}",
        before=before, after=changes, **_told(groups, moderators),
    )  # fmt: skip
    site.touch(session)  # its name stands on pages that are kept until something else changes
    if "audience" in changes and not is_same_audience(before["audience"], category):
        _other_readers(session, category)
    return category


def _keep_leading(session: Session, category: Category, formerly: str) -> None:
    """Links to where it stood lead on to where it stands; no longer, should another category come to stand there."""
    session.execute(delete(FormerSlug).where(FormerSlug.slug.in_((category.slug, formerly))))
    session.add(FormerSlug(slug=formerly, category_id=category.id))


def _changed(
    session: Session,
    category: Category,
    changes: dict[str, Any],
    groups: Sequence[Admitted],
    moderators: Sequence[str] | None,
) -> list[int]:
    """The fields as they are to be, checked; returns who is to moderate, by their ids."""
    faults = Faults()
    with session.no_autoflush:
        for field, value in changes.items():
            setattr(category, field, _KEPT_AS.get(field, _as_it_is)(value))
        _check(session, category, groups, faults)
        people = moderators_of(session, category) if moderators is None else _people(session, moderators, faults)
        faults.refuse()
    return people


def narrows(session: Session, *, category_id: int, groups: Sequence[Admitted] | None = None, **changes: Any) -> bool:
    """Whether with these changes fewer people would see threads that stand there.

    Raises:
        NotFound: there is no such category.
    """
    return _narrows(session, locked(session, Category, category_id), changes, groups)


def _narrows(session: Session, category: Category, changes: dict[str, Any], groups: Sequence[Admitted] | None) -> bool:
    after = _Audience(changes.get("audience", category.audience))
    if after.audience not in AUDIENCES:
        return False  # refused with its own sentence
    let_in = {one.group_id for one in groups_of(session, category)}
    groups_stay = groups is None or let_in <= {one.group_id for one in groups}
    keeps = keeps_readers(before=category, after=after, groups_stay=groups_stay)
    stands = select(Thread.id).where(Thread.category_id == category.id, Thread.hidden_at.is_(None)).limit(1)
    return not keeps and session.scalar(stands) is not None


def holds_criticism(session: Session, category_id: int) -> bool:
    """Whether a thread that is marked critical of the company stands there."""
    found = select(Thread.id).where(Thread.category_id == category_id, Thread.is_critical, Thread.hidden_at.is_(None))
    return session.scalar(found.limit(1)) is not None


def _other_readers(session: Session, category: Category) -> None:
    """Other people see what stands there: its tags are counted for everybody or no more, and whoever was told of it hears."""
    session.flush()
    recounting.rebuild_tags(session)
    outbox.record(session, CategoryChanged(category_id=category.id))


_BY_SLUG = select(Category).where(Category.slug == bindparam("slug", type_=String), category_seen(Category))
_SEEN = select(Category.id).where(Category.id == bindparam("category_id"), category_seen(Category))


def by_slug(session: Session, actor: Actor, slug: str) -> Category:
    """The category at that address.

    Raises:
        NotFound: there is none, or this actor cannot see it.
    """
    category = session.scalar(_BY_SLUG, {"slug": slug, **as_seen_by(actor)})
    if category is None:
        raise NotFound()
    return category


def is_seen(session: Session, actor: Actor, category_id: int) -> bool:
    """Whether this actor sees a category."""
    return session.scalar(_SEEN, {"category_id": category_id, **as_seen_by(actor)}) is not None


def groups_of(session: Session, category: Category) -> list[Admitted]:
    """The groups that a category names, by their ids."""
    found = select(CategoryGroup).where(CategoryGroup.category_id == category.id).order_by(CategoryGroup.group_id)
    return [Admitted(one.group_id, one.may_open, one.may_reply) for one in session.scalars(found)]


def moderators_of(session: Session, category: Category) -> list[int]:
    """Who moderates a category and no other, by their ids."""
    found = select(CategoryModerator.member_id).where(CategoryModerator.category_id == category.id)
    return sorted(session.scalars(found))


def _admit(session: Session, category: Category, groups: Iterable[Admitted]) -> None:
    session.execute(delete(CategoryGroup).where(CategoryGroup.category_id == category.id))
    session.add_all(
        CategoryGroup(category_id=category.id, group_id=one.group_id, may_open=one.may_open, may_reply=one.may_reply)
        for one in groups
    )
    session.flush()


def _charge(session: Session, category: Category, member_ids: Iterable[int]) -> None:
    wanted, present = set(member_ids), set(moderators_of(session, category))
    gone = CategoryModerator.member_id.in_(present - wanted)
    session.execute(delete(CategoryModerator).where(CategoryModerator.category_id == category.id, gone))
    session.add_all(
        CategoryModerator(category_id=category.id, member_id=member_id, since=now())
        for member_id in sorted(wanted - present)
    )
    session.flush()


def _people(session: Session, handles: Sequence[str], faults: Faults) -> list[int]:
    found: list[int] = []
    for handle in handles:
        named = select(Member.id).where(Member.handle_key == handle_key(handle), Member.deleted_at.is_(None))
        member_id = session.scalar(named)
        if member_id is None:
            faults.add("moderators", N_("There is nobody called %(handle)s here."), handle=handle)
        else:
            found.append(member_id)
    return found


def _told(groups: Sequence[Admitted] | None, moderators: Sequence[str] | None) -> dict[str, Any]:
    """What the receipt says of people, where it was said at all."""
    told: dict[str, Any] = {}
    if groups is not None:
        told["groups"] = [list(one) for one in groups]
    if moderators is not None:
        told["moderators"] = list(moderators)
    return told


def tidied(words: Words) -> Words:
    """Without what was left empty, and with single blanks in names."""
    found = {
        locale: {field: " ".join(said.split()) if field == "name" else said.strip() for field, said in given.items()}
        for locale, given in words.items()
    }
    kept = {locale: {field: said for field, said in given.items() if said} for locale, given in found.items()}
    return {locale: given for locale, given in kept.items() if given}


def _as_it_is(value: Any) -> Any:
    return value


_KEPT_AS: dict[str, Callable[[Any], Any]] = {"kinds": list, "words": tidied}


def _check(session: Session, category: Category, groups: Sequence[Admitted], faults: Faults) -> None:
    if not _SLUG.fullmatch(category.slug) or len(category.slug) > 60:
        faults.add("slug", N_("An address is made of the letters a to z and digits, with single hyphens between."))
    taken = select(Category.id).where(Category.slug == category.slug, Category.id != (category.id or 0))
    if session.scalar(taken) is not None:
        faults.add("slug", N_("Another category has this address."))
    if not 1 <= len(category.name.strip()) <= LONGEST["name"]:
        faults.add("name", N_("A name has 1 to %(most)s characters."), most=LONGEST["name"])
    if len(category.description) > LONGEST["description"]:
        faults.add("description", N_("Please keep this to %(most)s characters."), most=LONGEST["description"])
    if not category.kinds or not set(category.kinds) <= set(KINDS):
        faults.add("kinds", N_("Choose what can be opened in this category."))
    _check_words(category.words, faults)
    _check_rules(category, faults)
    _check_groups(session, category, groups, faults)


def _check_words(words: Words, faults: Faults) -> None:
    for locale, said in words.items():
        if locale not in LOCALES or not said.keys() <= LONGEST.keys():
            faults.add("words", N_("Choose a language that this site speaks, and give it a name and a description."))
    for locale in LOCALES:
        for field, most in LONGEST.items():
            if len(words.get(locale, {}).get(field, "")) > most:
                faults.add(f"{field}-{locale}", N_("Please keep this to %(most)s characters."), most=most)


def _check_rules(category: Category, faults: Faults) -> None:
    if category.audience not in AUDIENCES:
        faults.add("audience", N_("Choose who sees this category."))
    if category.openers not in SPEAKERS:
        faults.add("openers", N_("Choose who opens threads in this category."))
    if category.repliers not in SPEAKERS:
        faults.add("repliers", N_("Choose who replies in this category."))
    if not 0 <= category.peers_first_hours <= _LONGEST_PEERS_FIRST:
        faults.add("peers_first_hours", N_("Choose 0 to %(most)s hours."), most=_LONGEST_PEERS_FIRST)


def _check_groups(session: Session, category: Category, groups: Sequence[Admitted], faults: Faults) -> None:
    ids = {one.group_id for one in groups}
    known = set(session.scalars(select(Group.id).where(Group.id.in_(ids))))
    if len(ids) != len(groups) or ids - known:
        faults.add("groups", N_("Choose each group once, of those that there are."))
    rules = (("audience", category.audience), ("openers", category.openers), ("repliers", category.repliers))
    for field, rule in rules:
        if rule == GROUPS and not groups:
            faults.add(field, N_("Choose the groups that this is for."))
