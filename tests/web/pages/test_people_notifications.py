"""One's news in words, and marking them as read."""

import pytest

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members.actors import SYSTEM
from forum.threads import official
from tests.forum import making as make
from tests.installing import deliver_all
from tests.moderation.deciding import decided
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site


@pytest.fixture
def reader(database: Database, people: People) -> Actor:
    """Somebody who was answered, officially too, and whose own reply was removed."""
    with database.transaction() as session:
        reader = make.member(session)
        thread = make.thread(session, reader, title="Nothing <comes> out")
        official.mark(session, people.staff, post_id=make.reply(session, thread, people.staff).id)
        own = make.reply(session, make.thread(session, title="Another thread entirely"), reader)
        decided(session, SYSTEM, "hide-post", own)
    deliver_all(database)
    return reader


def test_each_kind_is_said_in_words(site: Site, people: People, reader: Actor) -> None:
    page = site.as_(reader).get("/notifications")
    said = [" ".join(line.text_content().split()) for line in page.page.xpath("//ol[@class='notices']/li")]
    assert len(said) == 3
    assert any("was hidden by a decision" in line and "Another thread entirely" in line for line in said)
    assert any(f"{people.staff.name} answered." in line and "Nothing <comes> out" in line for line in said)
    assert any("gave the official answer" in line for line in said)
    assert page.words("//header//a[@href='/notifications']").startswith("3")


def test_the_tabs_narrow_them(site: Site, reader: Actor) -> None:
    visitor = site.as_(reader)
    assert len(visitor.get("/notifications?which=company").page.xpath("//ol[@class='notices']/li")) == 1
    assert "hidden by a decision" in visitor.get("/notifications?which=decisions").words("//ol[@class='notices']/li")
    visitor.get("/notifications?which=secrets", status=422)


def test_one_is_marked_as_read_and_then_all(site: Site, reader: Actor) -> None:
    visitor = site.as_(reader)
    page = visitor.get("/notifications")
    (first, *_) = page.page.xpath("//ol[@class='notices']//button[@name='id']/@value")
    visitor.send("/notifications/read", id=first, next="/notifications?which=all")
    assert visitor.leads_to == "/notifications?which=all"
    page = visitor.get("/notifications")
    assert len(page.page.xpath("//*[@class='dot']")) == 2
    (newest,) = page.page.xpath("//button[@name='up_to']/@value")
    assert visitor.send("/notifications/read", up_to=newest).leads_to == "/notifications"
    page = visitor.get("/notifications")
    assert not page.has("//*[@class='dot']")
    assert not page.has("//button[@name='up_to']")
    assert "Everything is marked as read" in page.text


def test_what_came_after_the_page_was_opened_stays_unread(site: Site, database: Database, reader: Actor) -> None:
    visitor = site.as_(reader)
    (newest,) = visitor.get("/notifications").page.xpath("//button[@name='up_to']/@value")
    with database.transaction() as session:
        thread = make.thread(session, reader)
        make.reply(session, thread)
    deliver_all(database)
    visitor.send("/notifications/read", up_to=newest)
    assert len(visitor.get("/notifications").page.xpath("//*[@class='dot']")) == 1


def test_nobody_elses_news_are_marked(site: Site, database: Database, reader: Actor) -> None:
    (first, *_) = site.as_(reader).get("/notifications").page.xpath("//button[@name='id']/@value")
    with database.transaction() as session:
        stranger = make.member(session)
    site.as_(stranger).send("/notifications/read", id=first)
    assert len(site.as_(reader).get("/notifications").page.xpath("//*[@class='dot']")) == 3


def test_an_empty_list_leads_on(site: Site, database: Database) -> None:
    with database.transaction() as session:
        newcomer = make.member(session)
    page = site.as_(newcomer).get("/notifications")
    assert "No news" in page.words("//*[@class='empty']")


def test_visitors_are_led_to_sign_in(site: Site) -> None:
    assert site.anybody().get("/notifications", status=303).leads_to == "/login?next=/notifications"


def test_it_leads_nowhere_else(site: Site, reader: Actor) -> None:
    assert site.as_(reader).send("/notifications/read", next="https://evil.example").leads_to == "/notifications"
