"""Partners, resellers and contractors: declared by themselves, confirmed by an administrator, never speaking for the company."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import Conflict, Invalid, NotAllowed
from forum.members import affiliations, managing
from forum.members.actors import SYSTEM, actor_of, with_scopes
from forum.members.affiliations import Bond, bond_of, waiting_bonds
from forum.members.pages import company_list
from forum.members.tables import Affiliation, AuditEntry
from forum.threads import profiles
from tests.forum import making as make


def test_what_somebody_declares_waits_to_be_confirmed(session: Session) -> None:
    anna, admin = make.member(session, handle="anna"), make.administrator(session)
    affiliations.declare(session, anna, kind="partner", organisation="Mill & Sons")
    declared = Bond(handle="anna", name="Anna", kind="partner", organisation="Mill & Sons", is_confirmed=False)
    assert bond_of(session.connection(), member_id=anna.member_id or 0) == declared
    assert declared in waiting_bonds(session.connection(), admin)
    for _ in range(2):
        affiliations.confirm(session, admin, handle="anna")
    session.flush()
    bond = bond_of(session.connection(), member_id=anna.member_id or 0)
    assert bond is not None
    assert bond.is_confirmed
    assert declared not in waiting_bonds(session.connection(), admin)
    affiliations.end(session, admin, handle="anna")
    assert bond_of(session.connection(), member_id=anna.member_id or 0) is None
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.member_id == admin.member_id)).all()
    assert actions == ["affiliation.confirm", "affiliation.end"]


def test_another_word_takes_the_place_of_the_first_and_waits_anew(session: Session) -> None:
    anna = make.member(session, handle="anna")
    affiliations.declare(session, anna, kind="partner", organisation="Mill & Sons")
    affiliations.confirm(session, SYSTEM, handle="anna")
    affiliations.declare(session, anna, kind="partner", organisation="Mill & Sons")
    affiliations.declare(session, anna, kind="reseller", organisation="Mill & Sons")
    kinds = select(Affiliation.kind, Affiliation.proof, Affiliation.until.is_(None)).where(
        Affiliation.member_id == anna.member_id
    )
    assert {tuple(row) for row in session.execute(kinds)} == {
        ("partner", "confirmed", False), ("reseller", "declared", True),
    }  # fmt: skip
    affiliations.withdraw(session, anna)
    affiliations.withdraw(session, anna)
    assert bond_of(session.connection(), member_id=anna.member_id or 0) is None


def test_nobody_bound_so_speaks_for_the_company(session: Session) -> None:
    anna = make.member(session, handle="anna")
    affiliations.declare(session, anna, kind="contractor", organisation="Mill & Sons")
    affiliations.confirm(session, SYSTEM, handle="anna")
    actor = actor_of(session, anna.member_id)
    assert (actor.is_staff, actor.team, actor.can("post:official"), actor.clearance) == (False, "", False, 1)
    assert (actor.bond, actor.organisation, actor.bond_is_confirmed) == ("contractor", "Mill & Sons", True)
    assert "anna" not in [line.handle for line in company_list(session.connection())]
    assert not profiles.profile_page(session.connection(), ANONYMOUS, handle="anna").is_staff
    assert not make.reply(session, make.thread(session), actor).is_company


def test_staff_declare_nothing_and_becoming_staff_ends_it(session: Session) -> None:
    with pytest.raises(Conflict, match="belong to the company"):
        affiliations.declare(session, make.staff(session), kind="partner", organisation="Mill & Sons")
    anna = make.member(session, handle="anna")
    affiliations.declare(session, anna, kind="partner", organisation="Mill & Sons")
    managing.promote(session, SYSTEM, handle="anna", place="staff", team="Support")
    session.flush()
    assert bond_of(session.connection(), member_id=anna.member_id or 0) is None
    assert actor_of(session, anna.member_id).team == "Support"
    with pytest.raises(Conflict):
        affiliations.confirm(session, SYSTEM, handle="anna")


@pytest.mark.parametrize(("kind", "organisation"), [("staff", "Mill & Sons"), ("partner", " "), ("", "M" * 61)])
def test_what_needs_mending(session: Session, kind: str, organisation: str) -> None:
    with pytest.raises(Invalid):
        affiliations.declare(session, make.member(session), kind=kind, organisation=organisation)


def test_who_may_not(session: Session) -> None:
    make.member(session, handle="anna")
    with pytest.raises(NotAllowed):
        affiliations.declare(session, ANONYMOUS, kind="partner", organisation="Mill & Sons")
    for actor in (make.moderator(session), make.staff(session)):
        for change in (affiliations.confirm, affiliations.end):
            with pytest.raises(NotAllowed):
                change(session, actor, handle="anna")
        with pytest.raises(NotAllowed):
            waiting_bonds(session.connection(), actor)


def test_a_token_sees_and_moderates_as_far_as_its_scopes_go(session: Session) -> None:
    keeper = make.member(session)
    place = make.category(session, moderators=[keeper.handle])
    keeper, admin = actor_of(session, keeper.member_id), make.administrator(session)
    for scopes, moderates in ((["read"], False), (["read", "write"], False), (["read", "moderate"], True)):
        assert with_scopes(keeper, scopes).can_in("moderate", place.id) == moderates
    for scopes, clearance in ((["read"], 2), (["read", "write", "moderate"], 2), (["read", "administer"], 3)):
        assert with_scopes(admin, scopes).clearance == clearance
