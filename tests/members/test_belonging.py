"""Who belongs to the company: by domain, by a provider's claim, by hand; and that nobody of it has a second account."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.members import belonging, managing, signing_in
from forum.members.actors import SYSTEM, actor_of, actor_signed_in
from forum.members.belonging import Claimed
from forum.members.keys import address_key
from forum.members.tables import Affiliation, AuditEntry, IdentityProvider, MailAddress
from tests.forum import making as make

OURS = ("example.com", "münchen.example")


def person(session: Session, *addresses: str, **fields: Any) -> Actor:
    """A member whose addresses are verified, in this order."""
    who = make.member(session, **fields)
    for address in addresses:
        add(session, who, address)
    return who


def add(session: Session, who: Actor, address: str) -> None:
    moment = now()
    session.add(
        MailAddress(
            member_id=who.member_id or 0,
            address=address,
            address_key=address_key(address),
            verified_at=moment,
            created_at=moment,
        )
    )
    session.flush()


def settle(session: Session, who: Actor) -> belonging.Settled:
    return belonging.settle(session, who.member_id or 0, staff_domains=OURS)


def again(session: Session, who: Actor) -> Actor:
    session.flush()
    return actor_of(session, who.member_id)


def reports(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == belonging.SECOND_ACCOUNT)))


def provider(session: Session, slug: str = "desk", name: str = "Desk") -> IdentityProvider:
    row = IdentityProvider(
        slug=slug, name=name, issuer="https://id.example", client_id="loggia", created_at=now()
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize(
    ("address", "of"),
    [
        ("anna@example.com", "example.com"),
        ("Anna@EXAMPLE.com", "example.com"),
        ("anna@xn--mnchen-3ya.example", "münchen.example"),
        ("anna@attacker-example.com", ""),
        ("anna@example.com.attacker.example", ""),
        ("anna@shop.example.com", ""),
        ("example.com@attacker.example", ""),
        ("anna@notexample.com", ""),
        ("anna@example.co", ""),
        ("example.com", "example.com"),  # no address at all is judged by what would be its domain; nothing verifies it
    ],
)
def test_a_domain_is_compared_whole(address: str, of: str) -> None:
    assert belonging.company_domain(address, OURS) == of


def test_a_verified_address_of_the_company_makes_staff_and_renews_the_session(session: Session) -> None:
    anna = person(session, "anna@example.com")
    token = signing_in.sign_in(session, member_id=anna.member_id or 0)
    assert settle(session, anna) == belonging.Settled(changed=True)
    assert again(session, anna).is_staff
    assert actor_signed_in(session.connection(), token) is None
    assert settle(session, anna) == belonging.Settled()


def test_an_address_that_is_not_verified_proves_nothing(session: Session) -> None:
    anna = person(session, "anna@example.com")
    held = session.scalars(select(MailAddress).where(MailAddress.member_id == anna.member_id)).one()
    held.verified_at = None
    session.flush()
    assert settle(session, anna) == belonging.Settled()
    assert not again(session, anna).is_staff


def test_whose_address_of_the_company_goes_is_staff_no_longer(session: Session) -> None:
    anna = person(session, "anna@example.com")
    settle(session, anna)
    session.delete(session.scalars(select(MailAddress).where(MailAddress.member_id == anna.member_id)).one())
    session.flush()
    assert settle(session, anna).changed
    assert not again(session, anna).is_staff
    last = session.scalars(select(Affiliation).where(Affiliation.member_id == anna.member_id)).one()
    assert last.until is not None
    assert last.proof == "mail domain example.com"


def test_what_an_administrator_decided_stands(session: Session) -> None:
    anna = person(session, "anna@elsewhere.example")
    managing.promote(session, SYSTEM, handle=anna.handle, place="staff", team="Service")
    assert not settle(session, anna).changed
    claimed = Claimed(provider=provider(session), is_staff=False)
    assert not belonging.settle_claimed(session, anna.member_id or 0, claimed, staff_domains=OURS).changed
    assert again(session, anna).team == "Service"


@pytest.mark.parametrize("second", ["anna+shop@example.com", "ANNA@elsewhere.example", "anna+2@elsewhere.example"])
def test_a_second_account_of_an_employee_is_refused_and_reported(session: Session, second: str) -> None:
    anna = person(session, "anna@example.com")
    settle(session, anna)
    add(session, anna, "anna@elsewhere.example" if "+2" in second else "anna+1@elsewhere.example")
    twin = person(session, second)
    found = settle(session, twin)
    assert found.refused is not None
    assert not again(session, twin).is_staff
    held = session.scalars(select(MailAddress).where(MailAddress.member_id == twin.member_id)).one()
    assert held.verified_at is None
    [report] = reports(session)
    assert report.subject == f"member:{twin.member_id}"
    assert report.detail == {"employee": anna.member_id, "why": "same person"}


def test_an_account_that_is_about_to_be_opened_is_refused_too(session: Session) -> None:
    anna = person(session, "anna@example.com")
    settle(session, anna)
    assert belonging.refusal(session, member_id=None, address="anna+x@example.com", staff_domains=OURS)
    assert reports(session)[0].subject == f"member:{anna.member_id}"
    assert belonging.refusal(session, member_id=None, address="berta@example.com", staff_domains=OURS) is None


def test_an_address_of_the_company_cannot_be_added_to_a_customers_account(session: Session) -> None:
    carla = person(session, "carla@elsewhere.example", "carla@example.com")
    found = settle(session, carla)
    assert found.refused is not None
    assert not found.changed
    assert not again(session, carla).is_staff
    assert [entry.detail["why"] for entry in reports(session)] == ["company address on a customer account"]


def test_people_of_similar_addresses_are_others(session: Session) -> None:
    settle(session, person(session, "anna@example.com"))
    for address in ("anna@example.org", "annabella@elsewhere.example", "ann@example.org"):
        assert belonging.refusal(session, member_id=None, address=address, staff_domains=OURS) is None
    assert reports(session) == []


def test_an_account_from_before_is_reported_when_its_person_joins(session: Session) -> None:
    before = person(session, "anna+shop@example.com".replace("example.com", "elsewhere.example"))
    anna = person(session, "anna@elsewhere.example")
    claimed = Claimed(provider=provider(session), is_staff=True)
    assert belonging.settle_claimed(session, anna.member_id or 0, claimed, staff_domains=OURS).changed
    [report] = reports(session)
    assert report.subject == f"member:{before.member_id}"
    assert report.detail == {"employee": anna.member_id, "why": "account from before"}


def test_a_claim_makes_staff_moves_them_and_ends_it(session: Session) -> None:
    anna, desk = person(session), provider(session)

    def claim(*, is_staff: bool, team: str = "", title: str = "") -> bool:
        said = Claimed(provider=desk, is_staff=is_staff, team=team, title=title)
        return belonging.settle_claimed(session, anna.member_id or 0, said, staff_domains=OURS).changed

    assert claim(is_staff=True, team="Service", title="Engineer")
    assert not claim(is_staff=True, team="Service", title="Engineer")
    assert not claim(is_staff=True, team="Product", title="Lead")
    assert (again(session, anna).team, again(session, anna).title) == ("Product", "Lead")
    assert claim(is_staff=False)
    assert not again(session, anna).is_staff
    proofs = session.scalars(select(Affiliation.proof).where(Affiliation.member_id == anna.member_id)).all()
    assert proofs == ["provider Desk", "provider Desk"]


def test_another_providers_silence_ends_nothing(session: Session) -> None:
    anna = person(session)
    desk, other = provider(session), provider(session, slug="other", name="Other")
    belonging.settle_claimed(session, anna.member_id or 0, Claimed(provider=desk, is_staff=True), staff_domains=OURS)
    silent = Claimed(provider=other, is_staff=False)
    assert not belonging.settle_claimed(session, anna.member_id or 0, silent, staff_domains=OURS).changed
    assert again(session, anna).is_staff


def test_whom_the_claim_leaves_the_domain_may_hold(session: Session) -> None:
    anna, desk = person(session, "anna@example.com"), provider(session)
    for is_staff in (True, False):
        claimed = Claimed(provider=desk, is_staff=is_staff)
        belonging.settle_claimed(session, anna.member_id or 0, claimed, staff_domains=OURS)
    assert again(session, anna).is_staff
    current = session.scalars(
        select(Affiliation).where(Affiliation.member_id == anna.member_id, Affiliation.until.is_(None))
    ).one()
    assert current.proof == "mail domain example.com"
