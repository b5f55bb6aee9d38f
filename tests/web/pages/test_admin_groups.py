"""Groups in the administration: made, changed, filled by hand, done away with."""

from itertools import count

import pytest
from sqlalchemy import select

from forum.kernel.access import GROUPS, Actor
from forum.kernel.db import Database
from forum.members import groups
from forum.members.tables import AuditEntry, Group, GroupMember
from forum.threads import categories
from forum.threads.categories import Admitted
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site

_numbers = count(1)


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


def name() -> str:
    return f"Friends {next(_numbers)}"


def group_of(database: Database, administrator: Actor, **fields: str) -> int:
    with database.transaction() as session:
        return groups.create(session, administrator, name=name(), **fields).id  # type: ignore[arg-type]


def inside(database: Database, group_id: int) -> set[int]:
    with database.transaction() as session:
        return set(session.scalars(select(GroupMember.member_id).where(GroupMember.group_id == group_id)))


def test_a_group_is_made_filled_changed_and_gone(
    site: Site, administrator: Actor, people: People, database: Database
) -> None:
    browser, called = site.as_(administrator), name()
    browser.get("/admin/groups").send("/admin/groups", name=called, kind="manual", description="They know")
    path = browser.leads_to
    key = int(path.rpartition("/")[2])
    browser.send(f"{path}/people", handle=f"@{people.peer.handle}")
    assert inside(database, key) == {people.peer.member_id}
    assert people.peer.handle in browser.get(path).words("//table")
    assert "1" in browser.get("/admin/groups").words("//tbody")
    assert called in browser.get(f"/admin/people/{people.peer.handle}").words()
    assert people.peer.handle in browser.get(f"/admin/people?group={key}").words("//tbody")
    browser.send(path, name=f"{called} of old", description="")
    assert f"{called} of old" in browser.get(path).words("//h1")
    browser.send(f"{path}/people", handle=people.peer.handle, out="1")
    assert inside(database, key) == set()
    browser.send(f"{path}/delete")
    assert browser.leads_to == "/admin/groups"
    browser.get(path, status=404)
    with database.transaction() as session:
        told = select(AuditEntry.action).where(AuditEntry.subject == f"group:{key}").order_by(AuditEntry.id)
        assert list(session.scalars(told)) == [
            "group.create",
            "group.add",
            "group.edit",
            "group.remove",
            "group.delete",
        ]


def test_what_needs_mending_is_said_and_kept(site: Site, administrator: Actor, database: Database) -> None:
    browser = site.as_(administrator)
    browser.send("/admin/groups", status=422, name="Kept", kind="claim", claim="")
    assert browser.has("//input[@name='name'][@value='Kept']")
    assert browser.has("//input[@name='claim'][@aria-invalid]")
    path = f"/admin/groups/{group_of(database, administrator)}"
    browser.send(path, status=422, name="")
    browser.send(f"{path}/people", status=422, handle="nobody-here")
    assert browser.has("//input[@name='handle'][@aria-invalid]")


def test_one_that_fills_itself_offers_no_hand(site: Site, administrator: Actor, database: Database) -> None:
    path = f"/admin/groups/{group_of(database, administrator, kind='moderators')}"
    browser = site.as_(administrator).get(path)
    assert administrator.handle in browser.words("//table")
    assert not browser.has("//input[@name='handle']")
    browser.send(f"{path}/people", status=409, handle=administrator.handle)


def test_one_that_a_category_names_stays(site: Site, administrator: Actor, database: Database) -> None:
    key = group_of(database, administrator)
    with database.transaction() as session:
        place = make.category(session)
        categories.edit(session, administrator, category_id=place.id, audience=GROUPS, groups=[Admitted(key)])
    browser = site.as_(administrator)
    browser.send(f"/admin/groups/{key}/delete", status=409)
    assert "A category still names this group." in browser.words("//div[@role='alert']")


def test_only_administrators_are_let_in(site: Site, administrator: Actor, people: People, database: Database) -> None:
    key = group_of(database, administrator)
    for person in (people.asker, people.staff, people.moderator):
        browser = site.as_(person)
        for path in ("/admin/groups", f"/admin/groups/{key}", "/admin/groups/404404"):
            browser.get(path, status=403)
        browser.send("/admin/groups", status=403, name="Mine")
        browser.send(f"/admin/groups/{key}", status=403, name="Mine")
        browser.send(f"/admin/groups/{key}/people", status=403, handle=person.handle)
        browser.send(f"/admin/groups/{key}/delete", status=403)
    assert inside(database, key) == set()
    with database.transaction() as session:
        assert session.get(Group, key) is not None
