"""What is seen by whom, and the only way to take something out of sight.

Reads: every select of threads or posts carries `visible_to(…)` and is run with `as_seen_by(actor)`.
Writes: `hide` and `restore` want a `DecisionId`, which only `moderation/decisions.py` makes, so nothing disappears without a
public entry. The database insists too: see `hidden_only_by_decision`.
"""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
)

from forum.kernel.access import GROUPS, MEMBERS, PUBLIC, STAFF, Actor
from forum.kernel.clock import now


class DecisionId:
    """Proof that a moderation decision was written to the public log in this transaction."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class Hideable(Protocol):
    """A thread, a post or an article."""

    hidden_at: datetime | None
    hidden_by: int | None


def hide(subject: Hideable, *, decision: DecisionId) -> bool:
    """Take a subject out of sight; returns whether that changed anything."""
    if subject.hidden_at is not None:
        return False
    subject.hidden_at, subject.hidden_by = now(), decision.value
    return True


def restore(subject: Hideable, *, decision: DecisionId) -> bool:
    """Bring a subject back into sight; returns whether that changed anything."""
    if subject.hidden_at is None:
        return False
    subject.hidden_at, subject.hidden_by = None, None
    return True


def hidden_only_by_decision() -> CheckConstraint:
    """The rule of a table with `hidden_at`: hidden means hidden by a decision, which `hidden_by` refers to."""
    return CheckConstraint("hidden_at IS NULL OR hidden_by IS NOT NULL", name="hidden_only_by_decision")


_VIEWER = bindparam("viewer_id", type_=BigInteger)
_CLEARANCE = bindparam("viewer_clearance", type_=Integer)
_SEES_HIDDEN = bindparam("viewer_sees_hidden", type_=Boolean)
_MODERATES = bindparam("viewer_moderates", type_=Boolean)
_IN_CHARGE = bindparam("viewer_in_charge", type_=BigInteger)  # nobody where a token leaves moderating out
# By name: these tables belong to rooms above this one, and stand here for a viewer's places in groups and categories alone.
_PLACE = table(
    "category_group",
    *(column(name, BigInteger) for name in ("category_id", "group_id")),
    *(column(name, Boolean) for name in ("may_open", "may_reply")),
)
_BELONGS = table("group_member", column("group_id"), column("member_id"))
_CHARGE = table("category_moderator", column("category_id"), column("member_id"))


def visible_to(subject: Any, category: Any) -> ColumnElement[bool]:
    """The one condition of who sees a thread or post: `subject` has `hidden_at` and `author_id`, `category` is where it stands.

    It is made once per statement; who asks comes in with `as_seen_by(actor)` when the statement runs.
    """
    return and_(category_seen(category), shown_to(subject, category))


def category_seen(category: Any) -> ColumnElement[bool]:
    """The part of `visible_to` that concerns the place: everybody of its audience sees it, and where groups decide, their people.

    The groups are looked up only where a category asks for them, so that places for everybody cost no more for it.
    """
    belongs = (
        select(literal_column("1"))
        .select_from(_PLACE.join(_BELONGS, _BELONGS.c.group_id == _PLACE.c.group_id))
        .where(_PLACE.c.category_id == category.id, _BELONGS.c.member_id == _VIEWER)
        .correlate_except(_PLACE, _BELONGS)
        .exists()
    )
    return or_(category.audience <= _CLEARANCE, and_(category.audience == literal_column(str(GROUPS)), belongs))


def public_place(category: Any) -> ColumnElement[bool]:
    """Whether everybody sees the category: what is counted for all, as the threads of a tag, is counted in these alone."""
    return category.audience == literal_column(str(PUBLIC))  # type: ignore[no-any-return]


def shown_to(subject: Any, category: Any = None) -> ColumnElement[bool]:
    """The part of `visible_to` that concerns the subject alone: not hidden, or one's own, or a moderator looks.

    Without the category those who moderate it alone are told by `as_seen_by` of the actor that `Actor.within` made.
    """
    shown = [subject.hidden_at.is_(None), subject.author_id == _VIEWER, _SEES_HIDDEN]
    return or_(*shown, *([] if category is None else [_has_charge(category)]))


def moderated_by(category: Any) -> ColumnElement[bool]:
    """Whether the viewer moderates there: everywhere, or this one category."""
    return or_(_MODERATES, _has_charge(category))


def concerns_viewer(member_id: Any) -> ColumnElement[bool]:
    """Whether something is about the viewer themselves, or the viewer moderates the whole site."""
    return or_(member_id == _VIEWER, _MODERATES)


def _has_charge(category: Any) -> ColumnElement[bool]:
    return (
        select(literal_column("1"))
        .select_from(_CHARGE)
        .where(_CHARGE.c.category_id == category.id, _CHARGE.c.member_id == _IN_CHARGE)
        .correlate_except(_CHARGE)
        .exists()
    )


def as_seen_by(actor: Actor) -> dict[str, Any]:
    """The values that the conditions here ask for."""
    return {
        "viewer_id": actor.viewer_id,
        "viewer_clearance": actor.clearance,
        "viewer_sees_hidden": actor.can("post:see-hidden"),
        "viewer_moderates": actor.can("moderate"),
        "viewer_in_charge": actor.viewer_id if actor.moderates else 0,
    }


def categories_of_groups_of(member_id: ColumnElement[int]) -> ColumnElement[str | None]:
    """Where a member's groups let them in, as text: the category's id, with "o" to open threads there and "r" to reply."""
    letters = case((_PLACE.c.may_open, "o"), else_="") + case((_PLACE.c.may_reply, "r"), else_="")
    return (
        select(func.aggregate_strings(cast(_PLACE.c.category_id, String).concat(letters), " "))
        .select_from(_PLACE.join(_BELONGS, _BELONGS.c.group_id == _PLACE.c.group_id))
        .where(_BELONGS.c.member_id == member_id)
        .correlate_except(_PLACE, _BELONGS)
        .scalar_subquery()
    )


def categories_in_charge_of(member_id: ColumnElement[int]) -> ColumnElement[str | None]:
    """The categories that a member moderates alone, as text."""
    return (
        select(func.aggregate_strings(cast(_CHARGE.c.category_id, String), " "))
        .select_from(_CHARGE)
        .where(_CHARGE.c.member_id == member_id)
        .correlate_except(_CHARGE)
        .scalar_subquery()
    )


class HasAudience(Protocol):
    """A category, as an entity or as a row."""

    @property
    def audience(self) -> int: ...


def names_group(group_id: int) -> Select[Any]:
    """Whether any category names a group."""
    return select(exists().where(_PLACE.c.group_id == group_id))


def is_public(category: HasAudience) -> bool:
    """The same as `public_place`, of a category that is at hand."""
    return category.audience == PUBLIC


def is_same_audience(audience: int, category: HasAudience) -> bool:
    """Whether a category is for the same audience as it was."""
    return audience == category.audience


def is_for_some(category: HasAudience) -> bool:
    """Whether becoming a member is not enough to see the category: it is for staff, or for groups."""
    return category.audience in (STAFF, GROUPS)


def is_wider(category: HasAudience, than: HasAudience) -> bool:
    """Whether everybody who sees one category sees the other, and more people besides."""
    return category.audience in (PUBLIC, MEMBERS) and than.audience not in (PUBLIC, category.audience)


def keeps_in_sight(*, before: HasAudience, after: HasAudience) -> bool:
    """Whether everybody who sees what stands in one category would still see it in another. Groups are never the same people."""
    return is_wider(after, before) or (before.audience == after.audience and before.audience != GROUPS)


def keeps_readers(*, before: HasAudience, after: HasAudience, groups_stay: bool) -> bool:
    """Whether everybody who sees a category still does when its audience changes; `groups_stay`: each group that it named, it names."""
    same_groups = before.audience == after.audience == GROUPS and groups_stay
    return same_groups or keeps_in_sight(before=before, after=after)
