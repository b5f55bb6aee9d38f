"""Settings: language and time zone, privacy; and what all pages of the settings have in common."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members.preferences import zone_names
from tests.forum import making as make
from tests.shared import shared_data
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor
from web.pages.settings.navigation import ENTRIES

OWN = [entry.href for entry in ENTRIES if entry.place]


@pytest.fixture
def marta(database: Database) -> Actor:
    with database.transaction() as session:
        return make.member(session)


@pytest.fixture
def browser(site: Site, marta: Actor) -> Visitor:
    return site.as_(marta)


@pytest.mark.parametrize("path", OWN)
def test_each_page_is_one_s_own_and_says_which_it_is(site: Site, browser: Visitor, path: str) -> None:
    assert site.anybody().get(path, status=303).leads_to == f"/login?next={path}"
    page = browser.get(path)
    assert page.page.xpath("//nav[@aria-label='Settings']//a[@aria-current='page']/@href") == [path]
    assert page.has("//meta[@name='robots'][@content='noindex']")
    assert page.answer.headers["cache-control"] in ("no-store", "private, no-cache")
    assert [len(page.page.xpath(f"//{level}")) > 0 for level in ("h1", "main//h2")] == [True, True]


@pytest.mark.parametrize("path", OWN)
def test_each_page_speaks_italian(browser: Visitor, path: str) -> None:
    browser.send("/settings/language", locale="it")
    page = browser.get(path)
    assert page.has("//html[@lang='it']")
    assert page.words("//h1") == "Impostazioni"
    said = page.words("//main")
    assert not [word for word in ("Save", "Choose", "the ", "your ", "Your ") if word in said]


def test_times_are_told_in_the_zone_that_was_chosen(site: Site, browser: Visitor, database: Database) -> None:
    with clock.at(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)), database.transaction() as session:
        thread = make.thread(session)
    path = f"/t/{thread.id}/{thread.slug}"
    moment = "//article//time[@data-t='at']"
    assert browser.get(path).words(moment).startswith("1 Jul 2026, 22:30")
    browser.send("/settings/language", time_zone="Asia/Tokyo")
    page = browser.get(path)
    assert page.words(moment).startswith("2 Jul 2026, 07:30")
    assert page.page.xpath(moment + "/@datetime")[0] == "2026-07-01T22:30:00Z"
    assert page.has("//html[@data-zone='Asia/Tokyo']")
    anonymous = site.anybody().get(path)
    assert anonymous.words(moment).startswith("1 Jul 2026, 22:30")
    assert not anonymous.has("//html[@data-zone]")
    browser.send("/settings/language", time_zone="")
    assert browser.get(path).words(moment).startswith("1 Jul 2026, 22:30")


def test_only_what_is_offered_can_be_chosen(browser: Visitor) -> None:
    page = browser.get("/settings/language")
    offered = page.page.xpath("//select[@id='time_zone']/option/@value")
    assert {"", "UTC", "Europe/Rome", "America/Argentina/Buenos_Aires"} <= set(offered)
    assert len(offered) == len(set(offered)) == len(zone_names()) + 1
    browser.send("/settings/language", locale="it", time_zone="Europe/Rome")
    for wrong in ("Europe/Roma", "../../etc/passwd", "europe/rome", "Etc/GMT+5", "x" * 500):
        page = browser.send("/settings/language", status=422, locale="en", time_zone=wrong)
        assert page.has("//select[@id='time_zone'][@aria-invalid='true']")
        assert page.has("//select[@id='locale']/option[@value='en'][@selected]")
    browser.send("/settings/language", status=422, locale="xx", time_zone="")
    assert browser.get("/settings/language").has("//option[@value='Europe/Rome'][@selected]")


def test_an_unlisted_profile_is_kept_out_of_search_engines(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        writer = make.member(session)
        make.reply(session, make.thread(session), writer)
    browser, path = site.as_(writer), f"/m/{writer.handle}"
    reader = site.as_(people.peer)  # what visitors see may lag by half a second
    assert not reader.get(path).has("//meta[@name='robots']")
    browser.send("/settings/privacy", unlisted="1")
    assert browser.get("/settings/privacy").has("//input[@id='unlisted'][@checked]")
    page = reader.get(path + "?tab=answers")
    assert page.has("//meta[@name='robots'][@content='noindex']")
    assert page.has("//main//a[starts-with(@href, '/p/')]")
    assert writer.handle not in site.anybody().get("/sitemap.xml").text
    browser.send("/settings/privacy")
    assert not reader.get(path).has("//meta[@name='robots']")


def test_what_somebody_wrote_is_not_gathered_if_they_say_so(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        writer = make.member(session)
        asked = make.thread(session, writer, title="Canary marmalade in the grinder")
        make.reply(session, make.thread(session, title="Canary of another"), writer)
    path = f"/m/{writer.handle}"
    browser = site.as_(writer)
    browser.send("/settings/privacy", hides_activity="1")
    for reader in (site.anybody(), site.as_(people.peer), site.as_(people.staff)):
        for tab in ("", "?tab=answers", "?tab=questions", "?tab=ideas", "?tab=reputation"):
            page = reader.get(path + tab)
            assert "Canary" not in page.text
            assert "chose not to have their activity gathered" in page.words()
        assert reader.client.get(f"/api/v1/members/{writer.handle}/reputation").status_code == 403
        assert reader.client.get(f"/api/v1/members/{writer.handle}").status_code == 200
        found = reader.client.get("/api/v1/search", params={"q": f"marmalade author:{writer.handle}"}).json()
        assert found["items"] == []
        assert "Canary" in reader.get(f"/t/{asked.id}/{asked.slug}").text
    for reader in (browser, site.as_(people.moderator)):
        assert "Canary" in reader.get(path + "?tab=questions").text
        assert reader.client.get(f"/api/v1/members/{writer.handle}/reputation").status_code == 200
    browser.send("/settings/privacy")
    assert "Canary" in site.as_(people.peer).get(path + "?tab=questions").text


def test_a_form_that_is_sent_twice_does_no_harm(browser: Visitor) -> None:
    for _ in range(2):
        browser.send("/settings/privacy", unlisted="1")
        browser.send("/settings/profile", name="Marta", bio="Twice.")
        browser.send("/settings/picture/remove")
    assert browser.get("/settings").page.xpath("//textarea[@id='bio']")[0].text.strip() == "Twice."


@pytest.mark.long
def test_odd_texts_come_back_as_they_were_typed_or_are_refused_with_a_sentence(
    browser: Visitor, amount: Callable[[int, int], int]
) -> None:
    for odd in json.loads((shared_data("data/naughty-strings") / "blns.json").read_text())[:: amount(7, 1)]:
        for path, fields in (
            ("/settings/profile", {"name": odd, "bio": odd}),
            ("/settings/language", {"locale": odd, "time_zone": odd}),
            ("/settings/tokens", {"name": odd, "scopes": odd}),
            ("/settings/privacy", {"unlisted": odd, "hides_activity": odd}),
        ):
            sent = {"csrf": browser._token(), **fields}
            answer = browser.client.post(path, data=sent, headers={"sec-fetch-site": "same-origin"})
            assert answer.status_code in (200, 303, 422), (odd, path, answer.text[-500:])
            if answer.status_code == 422:
                assert "<script>alert" not in answer.text.replace('<script type="module"', "")
