"""Categories are called as their readers say it, on every page that names one, and no page asks the database for it."""

from typing import Any

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.threads.tables import Category
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site

FORM: dict[str, Any] = {"name": "Kettles", "kinds": "question", "audience": "public", "openers": "members"}


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


def kept(database: Database, slug: str) -> Category:
    with database.transaction() as session:
        return session.scalars(select(Category).where(Category.slug == slug)).one()


def called(name: str) -> dict[str, Any]:
    return {"name-it": name}


def test_a_category_is_called_as_its_readers_say_it(
    site: Site, administrator: Actor, people: People, database: Database
) -> None:
    """In its form, on every page that names it, in feeds and in what is refused; elsewhere the default stands."""
    browser, reader, place = site.as_(administrator), site.anybody(), FORM | {"slug": "kettles"}
    italian: dict[str, Any] = {"accept_language": "it"}
    said: dict[str, Any] = {"name-it": "Bollitori", "description-it": "Tutto sui bollitori."}
    browser.send("/admin/categories/new", description="All about kettles.", **place, **said)
    one = kept(database, place["slug"])
    assert one.words == {"it": {"name": "Bollitori", "description": "Tutto sui bollitori."}}
    with database.transaction() as session:
        thread = make.thread(session, people.asker, session.get_one(Category, one.id))
        path = f"/t/{thread.id}/{thread.slug}"
    for address in ("/", "/c/kettles", path, f"{path}/history", "/help?category=kettles", "/feeds/c/kettles", "/ask"):
        visitor = site.as_(people.asker) if address == "/ask" else reader
        told = visitor.get(address, **italian).text
        assert "Bollitori" in told, address
        assert ">Kettles" not in told, address
        assert "Bollitori" not in visitor.get(address, accept_language="en").text, address
    shown = reader.get("/c/kettles", **italian)
    assert (shown.words("//h1"), shown.words("//p[@class='lede']")) == ("Bollitori", "Tutto sui bollitori.")
    assert shown.page.xpath("//meta[@name='description']/@content") == ["Tutto sui bollitori."]
    assert shown.words("//title").startswith("Bollitori")
    form = browser.get(f"/admin/categories/{one.id}")
    assert form.has("//input[@name='name-it'][@value='Bollitori']")
    answer = browser.send(f"/admin/categories/{one.id}", status=422, **place, **said | {"name-it": "B" * 81})
    assert answer.has("//input[@name='name-it'][@aria-invalid='true']")
    browser.send(f"/admin/categories/{one.id}", **place, **called("Teiere"))
    assert reader.get("/c/kettles", **italian).words("//h1") == "Teiere"
    browser.send(f"/admin/categories/{one.id}", **place)
    assert reader.get("/c/kettles", **italian).words("//h1") == "Kettles"


def test_what_a_category_is_called_costs_no_page_a_select(
    site: Site, people: People, database: Database, administrator: Actor
) -> None:
    def seen() -> list[str]:
        browser.get("/c/pots")
        with site.counting() as selects:
            browser.get("/c/pots")
        return list(selects)

    browser, place = site.as_(people.asker), FORM | {"slug": "pots"}
    site.as_(administrator).send("/admin/categories/new", **place)
    before = seen()
    one = kept(database, place["slug"])
    site.as_(administrator).send(f"/admin/categories/{one.id}", **place, **called("Bollitori"))
    assert seen() == before
