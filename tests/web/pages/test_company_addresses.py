"""Mailed links that prove an address of the company: who follows one is staff at once, and has no second account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import accounts, addresses, belonging
from forum.members.actors import actor_of
from forum.members.tables import AuditEntry, MailAddress, Member
from tests.installing import settings_for
from tests.members.mails import Box, send_all
from tests.web.pages.visiting import Site, Visitor

PASSWORD = "a sentence is good"


@pytest.fixture(scope="module")
def site(database_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    opened = Site(settings_for(database_url, tmp_path_factory.mktemp("var"), staff_domains="company.example"), database)
    yield opened
    opened.close()


def joined(site: Site, handle: str, mail: str) -> Visitor:
    browser = site.anybody().get("/register")
    return browser.send("/register", handle=handle, mail=mail, password=PASSWORD)


def employee(site: Site, handle: str) -> Visitor:
    """Somebody who joined with an address of the company and confirmed it."""
    browser = joined(site, handle, f"{handle}@company.example")
    address = link(site, "verify")
    return browser.get(address).send(address)


def link(site: Site, purpose: str) -> str:
    box = Box()
    send_all(site.database, box)
    return f"/mailed/{purpose}/{box.key(purpose)}"


def actor(site: Site, handle: str) -> Actor:
    with site.database.reading() as connection:
        return actor_of(connection, connection.scalar(select(Member.id).where(Member.handle == handle)))


def reported(site: Site, handle: str) -> list[str]:
    subject = f"member:{actor(site, handle).member_id}"
    with site.database.reading() as connection:
        told = select(AuditEntry.detail).where(
            AuditEntry.action == belonging.SECOND_ACCOUNT, AuditEntry.subject == subject
        )
        return [detail["why"] for detail in connection.scalars(told)]


def test_whoever_confirms_an_address_of_the_company_is_staff_and_stays_signed_in(site: Site) -> None:
    browser = joined(site, "anna", "anna@company.example")
    assert not actor(site, "anna").is_staff
    address = link(site, "verify")
    before = browser.client.cookies["session"]
    browser.get(address).send(address)
    assert actor(site, "anna").is_staff
    assert browser.client.cookies["session"] != before
    browser.get("/settings")


def test_a_second_account_of_an_employee_cannot_confirm_its_address(site: Site) -> None:
    employee(site, "bianca")
    browser = joined(site, "bianca-shop", "bianca+shop@company.example")
    address = link(site, "verify")
    page = browser.get(address).send(address, status=409)
    assert "Somebody of the company has one account." in page.words()
    assert actor(site, "bianca-shop").unverified
    assert not actor(site, "bianca-shop").is_staff
    assert reported(site, "bianca-shop") == ["same person"]


def test_a_customer_cannot_change_to_an_address_of_the_company(site: Site) -> None:
    with site.database.transaction() as session:
        accounts.register(session, handle="carla", mail="carla@customer.example", password=PASSWORD)
    with site.database.transaction() as session:
        addresses.change(session, actor_of(session, actor(site, "carla").member_id), mail="carla@company.example", password=PASSWORD)  # fmt: skip
    address = link(site, "change")
    browser = site.as_(actor(site, "carla"))
    page = browser.get(address).send(address, status=409)
    assert "An address of the company cannot be added to a customer’s account." in page.words()
    assert not actor(site, "carla").is_staff
    assert reported(site, "carla") == ["company address on a customer account"]
    with site.database.reading() as connection:
        kept = select(MailAddress.address).where(
            MailAddress.member_id == actor(site, "carla").member_id, MailAddress.verified_at.is_not(None)
        )
        assert list(connection.scalars(kept)) == ["carla@customer.example"]


def test_who_changes_to_an_address_elsewhere_belongs_to_the_company_no_longer(site: Site) -> None:
    employee(site, "emilia")
    emilia = actor(site, "emilia")
    assert emilia.is_staff
    with site.database.transaction() as session:
        addresses.change(session, emilia, mail="emilia@elsewhere.example", password=PASSWORD)
    address = link(site, "change")
    browser = site.as_(emilia).get(address)
    browser.send(address)
    assert not actor(site, "emilia").is_staff
    browser.get("/settings")


def test_other_addresses_confirm_as_ever(site: Site) -> None:
    browser = joined(site, "dora", "dora@attacker-company.example")
    address = link(site, "verify")
    browser.get(address).send(address)
    assert not actor(site, "dora").is_staff
    assert not actor(site, "dora").unverified
    assert reported(site, "dora") == []
