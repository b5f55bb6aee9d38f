"""Invitations: who makes them, what they bring, how often, and what ends them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import Gone, Invalid, LoggiaError, NotAllowed, NotFound
from forum.members import groups, inviting
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import AuditEntry, Group, GroupMember, Invitation, Member
from tests.forum import making as make

PASSWORD = "a sentence is good"


def group(session: Session, kind: str = "manual") -> Group:
    made = Group(name="Testers", name_key="testers", kind=kind)
    session.add(made)
    session.flush()
    return made


def redeem(session: Session, key: str, handle: str = "marta") -> Member:
    return inviting.redeem(session, key=key, handle=handle, mail=f"{handle}@post.example", password=PASSWORD)


def test_who_is_invited_gets_what_was_written_down(session: Session) -> None:
    testers = group(session)
    key = inviting.make(session, SYSTEM, note=" The bench ", role="moderator", group_id=testers.id, most=2, days=3)
    offered = inviting.look(session.connection(), key=key)
    assert (offered.note, offered.role, offered.group, offered.used, offered.most) == (
        "The bench", "moderator", "Testers", 0, 2,
    )  # fmt: skip
    member = redeem(session, key)
    assert member.role == "moderator"
    assert session.scalars(select(GroupMember.group_id).where(GroupMember.member_id == member.id)).all() == [testers.id]
    assert inviting.look(session.connection(), key=key).used == 1
    assert [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == [
        "invitation.make", "invitation.redeem",
    ]  # fmt: skip


def test_a_role_rests_until_the_address_is_confirmed(session: Session) -> None:
    member = redeem(session, inviting.make(session, SYSTEM, role="administrator"))
    actor = actor_of(session, member.id)
    assert actor.unverified
    assert not actor.can("administer")


def test_an_invited_moderator_is_in_the_group_of_moderators(session: Session) -> None:
    group = groups.create(session, SYSTEM, name="Moderators", kind="moderators")
    member = redeem(session, inviting.make(session, SYSTEM, role="moderator"))
    assert session.get(GroupMember, (group.id, member.id)) is not None


def test_the_key_is_stored_nowhere(session: Session) -> None:
    key = inviting.make(session, SYSTEM)
    (row,) = session.scalars(select(Invitation)).all()
    assert key not in str(vars(row))


@pytest.mark.parametrize("end", ["used", "expired", "revoked", "unknown", "inviter demoted", "inviter suspended"])
def test_what_ends_an_invitation(session: Session, end: str) -> None:
    administrator = make.administrator(session)
    key = inviting.make(session, administrator, days=1)
    moment = clock.now()
    inviter = session.get_one(Member, administrator.member_id)
    if end == "used":
        redeem(session, key, "first")
    elif end == "expired":
        moment += timedelta(days=1, seconds=1)
    elif end == "revoked":
        inviting.revoke(session, administrator, invitation_id=session.scalars(select(Invitation.id)).one())
    elif end == "unknown":
        key = "x" * 32
    elif end == "inviter demoted":
        inviter.role = "member"
    else:
        inviter.suspended_until = moment + timedelta(days=1)
    session.flush()
    with clock.at(moment), pytest.raises(Gone):
        inviting.look(session.connection(), key=key)
    with clock.at(moment), pytest.raises(Gone), session.begin_nested():
        redeem(session, key)
    assert session.scalar(select(func.count()).where(Member.handle == "marta")) == 0


def test_a_refused_form_uses_nothing_up(session: Session) -> None:
    key = inviting.make(session, SYSTEM)
    with pytest.raises(Invalid), session.begin_nested():
        inviting.redeem(session, key=key, handle="!", mail="nowhere", password="short")
    assert inviting.look(session.connection(), key=key).used == 0


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("role", {"role": "staff"}),
        ("role", {"role": "root"}),
        ("group", {"group_id": 999}),
        ("most", {"most": 0}),
        ("most", {"most": 1_001}),
        ("days", {"days": 0}),
        ("note", {"note": "x" * 121}),
    ],
)
def test_what_an_invitation_cannot_be(session: Session, field: str, given: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        inviting.make(session, SYSTEM, **given)  # type: ignore[arg-type]
    assert list(refused.value.fields) == [field]


def test_groups_that_fill_themselves_are_not_given_away(session: Session) -> None:
    automatic = group(session, kind="trust")
    with pytest.raises(Invalid):
        inviting.make(session, SYSTEM, group_id=automatic.id)


@pytest.mark.parametrize("somebody", [make.member, make.moderator, make.staff])
def test_only_administrators_invite(session: Session, somebody: Callable[[Session], Actor]) -> None:
    actor = somebody(session)
    with pytest.raises(NotAllowed):
        inviting.make(session, actor)
    with pytest.raises(NotAllowed):
        inviting.revoke(session, actor, invitation_id=1)
    with pytest.raises(NotAllowed):
        inviting.invitation_list(session.connection(), actor)


def test_the_list_shows_them_page_by_page(session: Session) -> None:
    administrator = make.administrator(session)
    for number in range(3):
        inviting.make(session, administrator, note=str(number))
    session.flush()
    first = inviting.invitation_list(session.connection(), administrator, limit=2)
    rest = inviting.invitation_list(session.connection(), administrator, cursor=first.next or "", limit=2)
    assert [line.note for line in (*first.items, *rest.items)] == ["2", "1", "0"]
    assert rest.next is None
    inviting.revoke(session, administrator, invitation_id=first.items[0].id)
    with pytest.raises(NotFound):
        inviting.revoke(session, administrator, invitation_id=first.items[0].id)


def test_of_fifty_who_come_at_once_ten_come_in(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        key = inviting.make(session, SYSTEM, most=10)

    def come(number: int) -> bool:
        try:
            with fresh_database.transaction() as session:
                redeem(session, key, f"person{number}")
        except LoggiaError:
            return False
        return True

    with ThreadPoolExecutor(16) as crowd:
        came = list(crowd.map(come, range(50)))
    with fresh_database.transaction() as session:
        members = session.scalar(select(func.count()).select_from(Member))
        used = session.scalar(select(Invitation.used))
    assert (sum(came), members, used) == (10, 10, 10)
