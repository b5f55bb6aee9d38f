"""The administration's start: first steps and receipts, narrowed by who, what, about whom and when."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import audit, managing
from forum.members.actors import SYSTEM
from forum.members.tables import AuditEntry, Member, SiteSetting
from forum.threads import arranging
from forum.threads.tables import Category
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor
from web.pages.admin.first_steps import NAMES


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(autouse=True)
def nothing_done(database: Database, administrator: Actor) -> None:
    """The one administrator is alone in an installation where nothing was done yet."""
    with database.transaction() as session:
        session.execute(update(Member).where(Member.id != administrator.member_id).values(role="member"))
        for table in (AuditEntry, SiteSetting, Category):
            session.execute(delete(table))


def left(browser: Visitor) -> list[str]:
    """The steps that can still be set aside."""
    forms = browser.get("/admin").page.xpath("//ul[@class='steps']//form/@action")
    return [action.split("/")[3] for action in forms]


def test_the_list_follows_what_is_there(site: Site, administrator: Actor, database: Database) -> None:
    browser = site.as_(administrator)
    assert left(browser)[:3] == ["category", "registration", "second-administrator"]
    with database.transaction() as session:
        make.category(session)
    browser.send("/admin/settings", status=303, registration="open", name="Ours")
    assert "category" not in left(browser)
    assert "registration" in left(browser), "open was so before, so nothing was decided"
    browser.send("/admin/settings", status=303, registration="invitation")
    assert "registration" not in left(browser)
    with database.transaction() as session:
        other = make.administrator(session)
    assert "second-administrator" not in left(browser)
    with database.transaction() as session:
        managing.promote(session, SYSTEM, handle=other.handle, place="member")
    assert "second-administrator" in left(browser)


def test_what_is_set_aside_is_gone_and_the_list_with_the_last(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    for name in NAMES:
        browser.send(f"/admin/first-steps/{name}/aside")
        browser.send(f"/admin/first-steps/{name}/aside")
        assert name not in left(browser)
    assert not browser.has("//ul[@class='steps']")
    browser.get("/admin/audit?action=first-steps.dismiss")
    assert len(browser.page.xpath("//tbody/tr")) == len(NAMES)
    browser.send("/admin/first-steps/anything/aside", status=404)


def told(browser: Visitor, query: str) -> list[str]:
    return [row.text_content() for row in browser.get(f"/admin/audit{query}").page.xpath("//tbody/tr")]


def test_receipts_are_narrowed(site: Site, administrator: Actor, database: Database) -> None:
    with database.transaction() as session:
        first, second, other = make.member(session), make.member(session), make.administrator(session)
        with clock.at(datetime(2026, 3, 1, 12, tzinfo=UTC)):
            managing.promote(session, administrator, handle=first.handle, place="moderator")
        with clock.at(datetime(2026, 3, 2, 12, tzinfo=UTC)):
            managing.promote(session, other, handle=second.handle, place="moderator")
            place = make.category(session)
            arranging.move(session, other, category_id=place.id, to="down")
    browser = site.as_(administrator)
    assert len(told(browser, "")) == 3
    assert [first.handle in row for row in told(browser, f"?about={first.handle}")] == [True]
    assert [second.handle in row for row in told(browser, f"?who=@{other.handle}&action=member.role")] == [True]
    assert len(told(browser, "?kind=category")) == 1
    assert len(told(browser, f"?kind=category&about={place.id}")) == 1
    assert told(browser, f"?kind=category&about={place.id}0") == []
    assert len(told(browser, "?since=2026-03-02")) == 2
    assert len(told(browser, "?until=2026-03-01")) == 1
    assert told(browser, "?about=nobody-here") == []
    assert "No receipt is like that." in browser.words()
    browser.get("/admin/audit?since=yesterday", status=422)


def test_words_too_long_for_anything_find_nothing_and_stay(site: Site, administrator: Actor) -> None:
    visitor, word = site.as_(administrator), "word" * 100
    for path, name in (("/admin/audit", "who"), ("/admin/audit", "about"), ("/admin/people", "q")):
        assert visitor.get(f"{path}?{name}={word}").page.xpath(f"//input[@name='{name}']/@value") == [word]


def test_details_are_told_as_what_was_and_what_is(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    browser.send("/admin/settings", status=303, tagline="First")
    browser.send("/admin/settings", status=303, tagline="Second <b>")
    newest = told(browser, "")[0]
    assert "tagline: First → Second <b>" in newest
    assert f"@{administrator.handle}" in newest


def test_receipts_are_paged(site: Site, administrator: Actor, database: Database) -> None:
    with database.transaction() as session:
        for number in range(45):
            audit.record(session, SYSTEM, "site.change", "site", number=number)
    browser, seen, path = site.as_(administrator), [], "/admin/audit?action=site.change"
    while path:
        with site.counting() as selects:
            browser.get(path)
        assert len(selects) <= 6
        seen += [row.text_content() for row in browser.page.xpath("//tbody/tr")]
        path = next(iter(browser.page.xpath("//nav[@class='pager']//a[@rel='next']/@href")), "")
    assert len(seen) == 45
    assert "number: 44" in seen[0]


def test_only_administrators_are_let_in(site: Site, people: People) -> None:
    for person in (people.asker, people.staff, people.moderator):
        browser = site.as_(person)
        browser.get("/admin", status=403)
        browser.get("/admin/audit", status=403)
        browser.send("/admin/first-steps/mail/aside", status=403)
    site.anybody().get("/admin/audit", status=303)
