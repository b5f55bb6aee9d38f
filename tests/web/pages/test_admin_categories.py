"""Making and arranging categories in the administration, and what an installation without any says."""

from itertools import count

import pytest
from sqlalchemy import delete, select

from forum.kernel.access import GROUPS, Actor
from forum.kernel.db import Database
from forum.members import groups
from forum.members.actors import SYSTEM
from forum.members.tables import AuditEntry
from forum.threads import arranging
from forum.threads.categories import Admitted
from forum.threads.tables import Category, CategoryGroup, CategoryModerator
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site

_numbers = count(1)
FORM = {"name": "Kettles", "slug": "kettles", "kinds": "question", "audience": "public", "openers": "members"}


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(autouse=True)
def empty(database: Database) -> None:
    with database.transaction() as session:
        for table in (CategoryGroup, CategoryModerator, Category):
            session.execute(delete(table))


def kept(database: Database) -> list[Category]:
    with database.transaction() as session:
        return list(session.scalars(select(Category).order_by(Category.position)))


@pytest.mark.parametrize("path", ["/", "/ask", "/admin/categories"])
def test_an_empty_installation_leads_its_administrator_to_the_first_category(
    site: Site, administrator: Actor, path: str
) -> None:
    browser = site.as_(administrator).get(path)
    assert browser.has("//main//a[@href='/admin/categories/new']")
    browser.get("/admin/categories/new").send("/admin/categories/new", status=303, **FORM)
    assert browser.leads_to == "/admin/categories"
    assert not browser.get(path).has("//main//div[@class='empty']//a[@href='/admin/categories/new']")


@pytest.mark.parametrize("path", ["/", "/ask"])
def test_others_are_told_that_it_is_being_set_up(site: Site, people: People, path: str) -> None:
    assert "being set up" in site.as_(people.asker).get(path).words()
    browser = site.anybody().get(path)
    assert "being set up" in browser.words()
    assert not browser.has("//main//a[contains(@href, '/admin')]")


def test_a_category_is_made_changed_and_moved(site: Site, administrator: Actor, database: Database) -> None:
    browser = site.as_(administrator)
    browser.send("/admin/categories/new", status=303, **FORM)
    browser.send("/admin/categories/new", name="Pots & pans", kinds="idea", audience="staff", openers="staff")
    first, second = kept(database)
    assert (second.slug, second.kinds, second.audience, second.openers) == ("pots-pans", ["idea"], 2, 2)
    browser.send(f"/admin/categories/{second.id}/move", to="up")
    assert [one.slug for one in kept(database)] == ["pots-pans", "kettles"]
    assert browser.get(f"/admin/categories/{first.id}").has("//input[@name='name'][@value='Kettles']")
    browser.send(
        f"/admin/categories/{first.id}", status=303, **FORM | {"name": "Tea kettles", "peers_first_hours": "4"}
    )
    changed = kept(database)[1]
    assert (changed.name, changed.peers_first_hours) == ("Tea kettles", 4)
    with database.transaction() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(4)).all()
    assert list(actions) == ["category.edit", "category.move", "category.create", "category.create"]


def test_a_form_that_needs_mending_keeps_what_was_typed(site: Site, administrator: Actor, database: Database) -> None:
    browser = site.as_(administrator)
    typed = {"name": "Kettles", "slug": "Not an address", "description": "Hot things", "peers_first_hours": "9999"}
    browser.send("/admin/categories/new", status=422, **typed)
    assert browser.has("//input[@name='slug'][@value='Not an address'][@aria-invalid]")
    assert browser.has("//input[@name='peers_first_hours'][@value='9999'][@aria-invalid]")
    assert "Hot things" in browser.words("//textarea[@name='description']")
    assert "Choose what can be opened in this category." in browser.words()
    assert kept(database) == []
    browser.send("/admin/categories/new", status=303, **FORM)
    only = kept(database)[0]
    browser.send(f"/admin/categories/{only.id}", status=422, **FORM | {"slug": "", "audience": "groups"})
    assert "Choose the groups that this is for." in browser.words()
    assert kept(database)[0].slug == "kettles"


PATHS = (
    ("get", "/admin/categories"),
    ("get", "/admin/categories/new"),
    ("get", "/admin/categories/1"),
    ("send", "/admin/categories/new"),
    ("send", "/admin/categories/1"),
    ("send", "/admin/categories/1/move"),
)


@pytest.mark.parametrize(("how", "path"), PATHS)
def test_only_administrators_are_let_in(site: Site, people: People, database: Database, how: str, path: str) -> None:
    for person in (people.asker, people.staff, people.moderator):
        getattr(site.as_(person), how)(path, status=403, **(FORM if how == "send" else {}))
    getattr(site.anybody(), how)(path, status=303, **(FORM if how == "send" else {}))
    assert kept(database) == []


def test_what_is_not_there_is_not_found(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    browser.get("/admin/categories/999999", status=404)
    browser.send("/admin/categories/999999", status=404, **FORM)
    browser.send("/admin/categories/999999/move", status=404, to="up")


def test_groups_and_moderators_are_named(site: Site, administrator: Actor, database: Database) -> None:
    with database.transaction() as session:
        bench = groups.create(session, administrator, name=f"Bench {next(_numbers)}")
        keeper = make.member(session)
        bench_id = bench.id
    browser = site.as_(administrator)
    browser.get("/admin/categories/new")
    named = FORM | {
        "audience": "groups",
        "repliers": "groups",
        f"group-{bench_id}": "reply",
        "moderators": f"@{keeper.handle}",
    }
    browser.send("/admin/categories/new", status=303, **named)
    place = kept(database)[0]
    assert (place.audience, place.openers, place.repliers) == (GROUPS, 1, GROUPS)
    with database.reading() as connection:
        rights = arranging.rights_in(connection, SYSTEM, place.id)
    assert rights.groups == (Admitted(bench_id, may_open=False, may_reply=True),)
    assert rights.moderators == (keeper.handle,)
    page = browser.get(f"/admin/categories/{place.id}")
    assert page.has(f"//select[@name='group-{bench_id}']/option[@value='reply'][@selected]")
    assert page.has(f"//input[@name='moderators'][@value='{keeper.handle}']")
    assert place.slug not in site.anybody().get("/").text
    browser.send(f"/admin/categories/{place.id}", status=422, **FORM | {"moderators": "nobody-here"})
    assert browser.has("//input[@name='moderators'][@aria-invalid]")
    browser.send(f"/admin/categories/{place.id}", status=303, **FORM)
    with database.reading() as connection:
        assert arranging.rights_in(connection, SYSTEM, place.id).groups == ()
