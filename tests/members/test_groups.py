"""Groups: made, filled by hand or by a rule, taken apart; each change with its receipt."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS, GROUPS, Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.members import grouping, groups, managing, standing
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import AuditEntry, Group, GroupMember, Invitation, Member
from forum.threads.categories import Admitted
from tests.forum import making as make
from tests.forum.test_races import at_once


def people(session: Session, group: Group) -> set[int]:
    return set(session.scalars(select(GroupMember.member_id).where(GroupMember.group_id == group.id)))


def sources(session: Session, group: Group) -> dict[int, str]:
    found = select(GroupMember.member_id, GroupMember.source).where(GroupMember.group_id == group.id)
    return {row.member_id: row.source for row in session.execute(found)}


def level(session: Session, actor: Actor, number: int) -> None:
    standing.set_standing(session, member_id=actor.member_id or 0, points=0, privileges=[], trust_level=number)


def said(session: Session, member_id: int, provider_id: int, *claims: str) -> None:
    grouping.follow_claim(session, member_id=member_id, provider_id=provider_id, claimed=claims)


def receipts(session: Session, admin: Actor) -> list[str]:
    session.flush()
    mine = select(AuditEntry.action).where(AuditEntry.member_id == admin.member_id)
    return list(session.scalars(mine.order_by(AuditEntry.id)))


def test_a_group_is_made_filled_changed_and_done_away_with(session: Session) -> None:
    admin, anna = make.administrator(session), make.member(session, handle="anna")
    group = groups.create(session, admin, name="Mill owners", kind="company", description="Everybody of the mill.")
    groups.add(session, admin, group_id=group.id, handle="anna")
    groups.add(session, admin, group_id=group.id, handle="anna")
    assert sources(session, group) == {anna.member_id: "manual"}
    groups.edit(session, admin, group_id=group.id, name="The mill")
    assert (group.name, group.name_key, group.description) == ("The mill", "the mill", "Everybody of the mill.")
    groups.remove(session, admin, group_id=group.id, handle="anna")
    groups.remove(session, admin, group_id=group.id, handle="anna")
    assert people(session, group) == set()
    groups.delete(session, admin, group_id=group.id)
    assert session.scalar(select(Group.id).where(Group.id == group.id)) is None
    assert receipts(session, admin) == ["group.create", "group.add", "group.edit", "group.remove", "group.delete"]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "x"}, "name"), ({"name": "n" * 61}, "name"), ({"name": "TAKEN"}, "name"), ({"kind": "riddle"}, "kind"),
        ({"description": "d" * 301}, "description"), ({"kind": "claim"}, "claim"), ({"claim": "mill"}, "claim"),
        ({"kind": "trust"}, "level"), ({"kind": "trust", "level": 5}, "level"), ({"level": 1}, "level"),
    ],
)  # fmt: skip
def test_a_field_that_needs_mending(session: Session, fields: dict[str, Any], fault: str) -> None:
    groups.create(session, SYSTEM, name="Taken")
    with pytest.raises(Invalid) as refusal:
        groups.create(session, SYSTEM, **({"name": "Mill owners"} | fields))
    assert set(refusal.value.fields) == {fault}


def test_a_name_is_one_groups(session: Session) -> None:
    groups.create(session, SYSTEM, name="Mill owners")
    other = groups.create(session, SYSTEM, name="Dam owners")
    with pytest.raises(Invalid):
        groups.edit(session, SYSTEM, group_id=other.id, name="mill OWNERS")


CHANGES: list[Callable[[Session, Actor, Group], Any]] = [
    lambda session, actor, _: groups.create(session, actor, name="Others"),
    lambda session, actor, group: groups.edit(session, actor, group_id=group.id, name="Others"),
    lambda session, actor, group: groups.delete(session, actor, group_id=group.id),
    lambda session, actor, group: groups.add(session, actor, group_id=group.id, handle="anna"),
    lambda session, actor, group: groups.remove(session, actor, group_id=group.id, handle="anna"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_only_administrators_change_groups(session: Session, change: Callable[[Session, Actor, Group], Any]) -> None:
    group = groups.create(session, SYSTEM, name="Mill owners")
    make.member(session, handle="anna")
    for actor in (ANONYMOUS, make.member(session), make.staff(session), make.moderator(session)):
        with pytest.raises(NotAllowed, match="Only an administrator") as refusal:
            change(session, actor, group)
        assert "Mill" not in str(refusal.value)


def test_what_is_not_there_is_not_found(session: Session) -> None:
    group = groups.create(session, SYSTEM, name="Mill owners")
    with pytest.raises(NotFound):
        groups.add(session, SYSTEM, group_id=404, handle="anna")
    with pytest.raises(NotFound):
        groups.add(session, SYSTEM, group_id=group.id, handle="nobody")


def test_a_group_of_a_trust_level_follows_the_level(session: Session) -> None:
    early = make.member(session, trust_level=3)
    trusted = groups.create(session, SYSTEM, name="Trusted", kind="trust", level=2)
    late = make.member(session)
    assert people(session, trusted) >= {early.member_id}
    level(session, late, 2)
    assert sources(session, trusted)[late.member_id or 0] == "automatic"
    level(session, early, 1)
    assert early.member_id not in people(session, trusted)
    groups.edit(session, SYSTEM, group_id=trusted.id, level=1)
    assert people(session, trusted) >= {early.member_id, late.member_id}
    groups.edit(session, SYSTEM, group_id=trusted.id, level=3)
    assert not people(session, trusted) & {early.member_id, late.member_id}


def test_staff_and_moderators_belong_to_theirs_as_long_as_they_are(session: Session) -> None:
    staff = groups.create(session, SYSTEM, name="The house", kind="staff")
    moderators = groups.create(session, SYSTEM, name="Moderators", kind="moderators")
    anna = make.member(session, handle="anna").member_id
    managing.promote(session, SYSTEM, handle="anna", place="staff", team="Support")
    assert (anna in people(session, staff), anna in people(session, moderators)) == (True, False)
    managing.promote(session, SYSTEM, handle="anna", place="moderator")
    assert (anna in people(session, staff), anna in people(session, moderators)) == (True, True)
    managing.promote(session, SYSTEM, handle="anna", place="member")
    assert (anna in people(session, staff), anna in people(session, moderators)) == (False, False)


@pytest.mark.parametrize("kind", ["trust", "staff", "moderators"])
def test_a_group_that_fills_itself_is_not_filled_by_hand(session: Session, kind: str) -> None:
    group = groups.create(session, SYSTEM, name="Itself", kind=kind, level=1 if kind == "trust" else 0)
    make.member(session, handle="anna")
    for change in (groups.add, groups.remove):
        with pytest.raises(Conflict, match="fills itself"):
            change(session, SYSTEM, group_id=group.id, handle="anna")


def test_what_a_provider_says_and_what_was_done_by_hand_stay_apart(session: Session) -> None:
    admins = groups.create(session, SYSTEM, name="Admins", kind="claim", claim="/mill/admins")
    millers = groups.create(session, SYSTEM, name="Millers", kind="claim", claim="/mill")
    anna = make.member(session, handle="anna").member_id or 0
    said(session, anna, 1, "/mill", "/mill/admins", "/unknown")
    assert sources(session, admins) == sources(session, millers) == {anna: "claim:1"}
    said(session, anna, 2)
    assert people(session, admins) == {anna}
    groups.add(session, SYSTEM, group_id=admins.id, handle="anna")
    said(session, anna, 1)
    assert (sources(session, admins), people(session, millers)) == ({anna: "manual"}, set())
    said(session, anna, 2, "/mill/admins")
    groups.remove(session, SYSTEM, group_id=admins.id, handle="anna")
    assert people(session, admins) == set()


def test_a_group_that_a_category_names_stays(session: Session) -> None:
    group = groups.create(session, SYSTEM, name="Mill owners")
    make.category(session, audience=GROUPS, groups=[Admitted(group.id)])
    with pytest.raises(Conflict, match="still names this group"):
        groups.delete(session, SYSTEM, group_id=group.id)


def test_an_invitation_into_a_group_that_is_gone_opens_an_account_alone(session: Session) -> None:
    group = groups.create(session, SYSTEM, name="Mill owners")
    invited = Invitation(token_hash="0" * 64, group_id=group.id, created_at=now(), expires_at=now())
    session.add(invited)
    session.flush()
    groups.delete(session, SYSTEM, group_id=group.id)
    session.refresh(invited)
    assert invited.group_id is None


def test_the_deleted_belong_to_no_group_that_fills_itself(session: Session) -> None:
    gone = make.member(session, trust_level=4)
    session.get_one(Member, gone.member_id).deleted_at = now()
    trusted = groups.create(session, SYSTEM, name="Trusted", kind="trust", level=1)
    assert gone.member_id not in people(session, trusted)
    assert actor_of(session, gone.member_id) is ANONYMOUS


def test_who_rises_while_a_group_is_made_belongs_to_it(database: Database) -> None:
    with database.transaction() as session:
        rising = [make.member(session) for _ in range(20)]

    def rise(person: Actor) -> None:
        with database.transaction() as session:
            level(session, person, 3)

    def made(number: int) -> None:
        with database.transaction() as session:
            groups.create(session, SYSTEM, name=f"Trusted for the {number}th time", kind="trust", level=3)

    tasks: list[Callable[[], object]] = []
    for number, person in enumerate(rising[:15]):
        tasks += [partial(rise, person), partial(made, number)]
    at_once(tasks)
    with database.transaction() as session:
        risen = set(session.scalars(select(Member.id).where(Member.trust_level >= 3)))
        every = session.scalars(select(Group).where(Group.kind == "trust", Group.level == 3)).all()
        assert every
        assert [people(session, group) for group in every] == [risen] * len(every)
