"""Groups: people who are treated alike. Some are filled by hand, the others by a rule that `keep_automatic` follows.

A group's name may itself be private. It is told to administrators and to its own people (`group_lists`), and to nobody by a
refusal here. Each change by a person leaves a receipt.
"""

from collections.abc import Callable, Collection

from sqlalchemy import ColumnElement, Select, literal, select, update
from sqlalchemy import delete as gone_from
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import UtcTime, hold_still, insert_new, locked
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import audit
from forum.members.finding import member_of
from forum.members.keys import checked_name, handle_key
from forum.members.policies import may_administer
from forum.members.tables import Affiliation, Group, GroupMember, Invitation, Member
from forum.visibility import names_group

KINDS = ("manual", "company", "claim", "trust", "staff", "moderators")
AUTOMATIC = frozenset({"trust", "staff", "moderators"})
"""Kinds that nobody is put into or taken out of by hand."""
HIGHEST_LEVEL = 4
LONGEST_DESCRIPTION, LONGEST_CLAIM = 300, 120


def create(
    session: Session,
    actor: Actor,
    *,
    name: str,
    kind: str = "manual",
    description: str = "",
    claim: str = "",
    level: int = 0,
) -> Group:
    """Make a group. `claim` is what a provider calls it (kind "claim"), `level` from which trust level on one belongs (kind "trust").

    An automatic group is filled at once.

    Raises:
        NotAllowed: only administrators may.
        Invalid: a field needs mending, or another group has the name.
    """
    require(may_administer(actor))
    hold_still(session, Member)
    group = Group(name=name, name_key="", kind=kind, description=description, claim=claim, level=level)
    _check(group)
    group.is_automatic = kind in AUTOMATIC
    _named(session, group)
    _fill(session, group)
    audit.record(
        session, actor, "group.create", f"group:{group.id}", name=group.name, kind=kind, claim=claim, level=level
    )
    return group


def edit(
    session: Session,
    actor: Actor,
    *,
    group_id: int,
    name: str | None = None,
    description: str | None = None,
    claim: str | None = None,
    level: int | None = None,
) -> Group:
    """Change what is given; the kind stays what it is. With another level other people belong, at once.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such group.
        Invalid: a field needs mending, or another group has the name.
    """
    require(may_administer(actor))
    hold_still(session, Member)
    group = locked(session, Group, group_id)
    given = {"name": name, "description": description, "claim": claim, "level": level}
    changes = {field: value for field, value in given.items() if value is not None}
    before = {field: getattr(group, field) for field in changes}
    with session.no_autoflush:
        for field, value in changes.items():
            setattr(group, field, value)
        _check(group)
    _named(session, group)
    _fill(session, group)
    audit.record(session, actor, "group.edit", f"group:{group.id}", before=before, after=changes)
    return group


def delete(session: Session, actor: Actor, *, group_id: int) -> None:
    """Do away with a group. Invitations that would lead into it lead to an account alone.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such group.
        Conflict: a category still names it, and would be seen by other people without it.
    """
    require(may_administer(actor))
    group = locked(session, Group, group_id)
    if session.scalar(names_group(group.id)):
        raise Conflict(N_("A category still names this group. Take it out there first."))
    session.execute(gone_from(GroupMember).where(GroupMember.group_id == group.id))
    session.execute(update(Invitation).where(Invitation.group_id == group.id).values(group_id=None))
    audit.record(session, actor, "group.delete", f"group:{group.id}", name=group.name)
    session.delete(group)
    session.flush()


def add(session: Session, actor: Actor, *, group_id: int, handle: str) -> None:
    """Put somebody into a group by hand. Twice changes nothing; whom a provider put there stays, whatever it says later.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such group, or nobody of that name.
        Conflict: the group fills itself.
    """
    group, member = _by_hand(session, actor, group_id, handle)
    place = session.get(GroupMember, (group.id, member.id), populate_existing=True)
    if place is not None and place.source == "manual":
        return
    if place is not None:
        place.source = "manual"
    else:
        _put(session, group.id, member.id, "manual")
    audit.record(session, actor, "group.add", f"group:{group.id}", member=member.id)


def remove(session: Session, actor: Actor, *, group_id: int, handle: str) -> None:
    """Take somebody out of a group; from their next request they see and may no more than without it.

    Raises:
        NotAllowed, NotFound, Conflict: as for `add`.
    """
    group, member = _by_hand(session, actor, group_id, handle)
    gone = gone_from(GroupMember).where(GroupMember.group_id == group.id, GroupMember.member_id == member.id)
    if session.execute(gone.returning(GroupMember.group_id)).one_or_none() is not None:
        audit.record(session, actor, "group.remove", f"group:{group.id}", member=member.id)


def keep_automatic(session: Session, member: Member) -> None:
    """Belong to those groups that fill themselves whose rule fits the member now, and to no others of them.

    Whoever changes a member's trust level, role or affiliation calls this in the same transaction, the member's row locked.
    """
    session.flush()
    groups = select(Group).where(Group.kind.in_(AUTOMATIC)).order_by(Group.id)
    for group in session.scalars(groups).all():
        belongs = session.scalar(_fitting(group).where(Member.id == member.id)) is not None
        if belongs:
            _put(session, group.id, member.id, "automatic")
        else:
            _take_out(session, member.id, {group.id}, "automatic")


def _fitting(group: Group) -> Select[int]:
    """The members whom the rule of an automatic group fits."""
    return select(Member.id).where(_RULES[group.kind](group), Member.deleted_at.is_(None))


def _is_staff(_: Group) -> ColumnElement[bool]:
    return (
        select(Affiliation.id)
        .where(Affiliation.member_id == Member.id, Affiliation.kind == "staff", Affiliation.until.is_(None))
        .exists()
    )


_RULES: dict[str, Callable[[Group], ColumnElement[bool]]] = {
    "trust": lambda group: Member.trust_level >= group.level,
    "staff": _is_staff,
    "moderators": lambda _: Member.role.in_(("moderator", "administrator")),
}


def _fill(session: Session, group: Group) -> None:
    """Put everybody into an automatic group whom its rule fits, and take out the others; the members are held still."""
    if group.kind not in AUTOMATIC:
        return
    fitting = _fitting(group)
    session.execute(
        gone_from(GroupMember).where(GroupMember.group_id == group.id, GroupMember.member_id.not_in(fitting))
    )
    columns = ["group_id", "member_id", "since", "source"]
    rows = fitting.with_only_columns(literal(group.id), Member.id, literal(now(), UtcTime), literal("automatic"))
    session.execute(insert_new(session, GroupMember).from_select(columns, rows))


def _put(session: Session, group_id: int, member_id: int, source: str) -> None:
    values = {"group_id": group_id, "member_id": member_id, "since": now(), "source": source}
    session.execute(insert_new(session, GroupMember).values(values))


def _take_out(session: Session, member_id: int, group_ids: Collection[int], source: str) -> None:
    if group_ids:
        session.execute(
            gone_from(GroupMember).where(
                GroupMember.member_id == member_id, GroupMember.group_id.in_(group_ids), GroupMember.source == source
            )
        )


def _by_hand(session: Session, actor: Actor, group_id: int, handle: str) -> tuple[Group, Member]:
    require(may_administer(actor))
    group = locked(session, Group, group_id)
    if group.kind in AUTOMATIC:
        raise Conflict(N_("This group fills itself, so nobody is put into it or taken out by hand."))
    return group, member_of(session, handle)


def _named(session: Session, group: Group) -> None:
    """Keep the group under its name, which is nobody else's."""
    group.name_key = handle_key(group.name)
    try:
        with session.begin_nested():
            session.add(group)
            session.flush()
    except IntegrityError:
        raise Invalid({"name": N_("Another group has this name.")}) from None


def _check(group: Group) -> None:
    problems: dict[str, Text | str] = {}
    try:
        group.name = checked_name(group.name)
    except Invalid as refusal:
        problems |= refusal.fields
    if group.kind not in KINDS:
        problems["kind"] = N_("Choose how the group is filled.")
    if len(group.description) > LONGEST_DESCRIPTION:
        problems["description"] = Text(N_("Use at most %(most)d characters."), most=LONGEST_DESCRIPTION)
    if (group.kind == "claim") != bool(group.claim) or len(group.claim) > LONGEST_CLAIM:
        problems["claim"] = N_("Say what the provider calls the group, and only where it comes from a provider.")
    if not (1 <= group.level <= HIGHEST_LEVEL if group.kind == "trust" else group.level == 0):
        problems["level"] = Text(
            N_("Choose a trust level from 1 to %(most)d, and only where that decides."), most=HIGHEST_LEVEL
        )
    if problems:
        raise Invalid(problems)
