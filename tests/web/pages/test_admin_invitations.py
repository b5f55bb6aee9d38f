"""Invitations in the administration: made, shown once, used, taken back; and the door that registration closes."""

import re

import pytest
from sqlalchemy import delete, select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members.actors import actor_of
from forum.members.tables import AuditEntry, GroupMember, Invitation, Member, SiteSetting
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor

PASSWORD = "a sentence is good"


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(autouse=True)
def none_yet(database: Database, site: Site) -> None:
    with database.transaction() as session:
        for table in (GroupMember, Invitation, SiteSetting, AuditEntry):
            session.execute(delete(table))
    site.app.site.state["loggia"].sites.forget()


def made(browser: Visitor, **fields: str) -> str:
    """The path of the link of a new invitation."""
    browser.send("/admin/invitations", status=200, **fields)
    found = re.search(r"http://127.0.0.1:8000(/invitation/[\w-]+)", browser.text)
    assert found
    return found[1]


def come_in(site: Site, path: str, handle: str, *, status: int = 303) -> Visitor:
    visitor = site.anybody().get(path)
    key = visitor.page.xpath("//input[@name='invitation']/@value")[0]
    fields = {"handle": handle, "mail": f"{handle}@post.example", "password": PASSWORD, "invitation": key}
    return visitor.send("/register", status=status, **fields)


def test_a_link_is_shown_once_and_opens_an_account(site: Site, administrator: Actor, database: Database) -> None:
    browser = site.as_(administrator)
    path = made(browser, note="For the bench", role="moderator", most="1", days="3")
    assert browser.answer.headers["cache-control"] == "no-store"
    page = browser.get("/admin/invitations")
    assert path not in page.text
    assert "0 of 1" in page.words("//tbody")
    come_in(site, path, "invited-one")
    with database.transaction() as session:
        member = session.scalars(select(Member).where(Member.handle_key == "invited-one")).one()
        assert actor_of(session, member.id).role == "moderator"
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert list(actions) == ["invitation.make", "invitation.redeem"]
    row = browser.get("/admin/invitations").words("//tbody")
    assert "1 of 1" in row
    assert "Used up" in row
    assert not browser.has("//form[contains(@action, '/revoke')]")


def test_one_that_is_taken_back_lets_nobody_in(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    path = made(browser)
    action = browser.get("/admin/invitations").page.xpath("//form[contains(@action, '/revoke')]/@action")[0]
    browser.send(action)
    assert "Taken back" in browser.get("/admin/invitations").words("//tbody")
    site.anybody().get(path, status=410)
    browser.send(action, status=404)


def test_what_needs_mending_is_said_and_kept(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    browser.send("/admin/invitations", status=422, note="Kept", role="king", most="0", days="9999")
    assert browser.has("//input[@name='note'][@value='Kept']")
    assert len(browser.page.xpath("//*[@aria-invalid]")) == 3


def test_by_invitation_alone(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    path = made(browser)
    browser.send("/admin/settings", status=303, registration="invitation")
    visitor = site.anybody().get("/register")
    assert not visitor.has("//input[@name='handle']")
    assert not site.anybody().get("/login").has("//a[starts-with(@href, '/register')]")
    visitor.send("/register", status=403, handle="alone", mail="alone@post.example", password=PASSWORD)
    assert "by invitation" in visitor.words("//div[@role='alert']")
    come_in(site, path, "invited-two")


def test_closed_for_everybody(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    path = made(browser)
    browser.send("/admin/settings", status=303, registration="closed")
    assert "Invitations wait" in browser.get("/admin/invitations").words()
    visitor = site.anybody().get(path)
    assert "Your invitation waits until that changes." in visitor.words()
    given = {"handle": "invited-three", "mail": "three@post.example", "password": PASSWORD}
    visitor.send("/register", status=403, invitation=path.rpartition("/")[2], **given)
    browser.send("/admin/settings", status=303, registration="open")
    come_in(site, path, "invited-three")


def test_only_administrators_are_let_in(site: Site, people: People, database: Database) -> None:
    for person in (people.asker, people.staff, people.moderator):
        browser = site.as_(person)
        browser.get("/admin/invitations", status=403)
        browser.send("/admin/invitations", status=403, note="Mine", role="administrator")
        browser.send("/admin/invitations/1/revoke", status=403)
    with database.transaction() as session:
        assert session.scalars(select(Invitation)).all() == []
