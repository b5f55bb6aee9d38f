"""The interface in a browser: its look at every width, and what script adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.specimen_site import SpecimenSite, running
from web import assets

pytestmark = pytest.mark.browser

NewContext = Callable[..., BrowserContext]


@pytest.fixture
def site() -> Iterator[SpecimenSite]:
    with running() as started:
        yield started


@pytest.fixture
def scripted() -> None:
    if not assets.url("compose.js"):
        pytest.skip("the front end is not built: `npm run build` in web/frontend, or `make run`, does it")


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "it"])
def test_nothing_overflows_and_the_console_is_silent(
    site: SpecimenSite, new_context: NewContext, width: int, scheme: str, locale: str
) -> None:
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{site.url}/{locale}")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.btn.primary')).backgroundColor") == (
        "rgb(168, 63, 30)" if scheme == "light" else "rgb(238, 138, 102)"
    )
    assert said == []


def test_icons_are_drawn_under_the_policy(site: SpecimenSite, page: Page) -> None:
    with page.expect_response(lambda answer: "/static/icons." in answer.url) as drawn:
        page.goto(f"{site.url}/en")
    assert drawn.value.ok


def test_without_script_what_needs_it_is_not_there(site: SpecimenSite, new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{site.url}/en")
    expect(page.get_by_role("toolbar")).to_have_count(0)
    expect(page.get_by_role("button", name="Preview")).to_be_visible()
    expect(page.locator("time").first).to_contain_text("12 Nov 2026, 07:40")


@pytest.mark.usefixtures("scripted")
def test_moments_are_told_in_the_readers_zone_and_language(site: SpecimenSite, new_context: NewContext) -> None:
    page = new_context(timezone_id="Asia/Tokyo").new_page()
    page.clock.install(time="2026-11-12T07:52:30Z")
    page.goto(f"{site.url}/it")
    expect(page.locator(".byline time").first).to_have_text("12 nov 2026, 16:40")
    expect(page.locator(".threads time").first).to_have_text("12 min fa")
    page.goto(f"{site.url}/en")
    expect(page.locator(".byline time").first).to_have_text("12 Nov 2026, 16:40")
    expect(page.locator(".threads time").first).to_have_text("12 min ago")
    page.clock.run_for(2 * 60 * 1000)
    expect(page.locator(".threads time").first).to_have_text("14 min ago")


# Votes


@pytest.mark.usefixtures("scripted")
def test_a_vote_changes_in_place(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.evaluate("window.stayed = true")
    with page.expect_response("**/vote"):
        page.get_by_role("button", name="Not helpful: Marta Oliveira").click()
    expect(page.locator(".vote[aria-busy]")).to_have_count(0)
    assert site.posted == [("/vote", {"csrf": "token", "value": "-1"})]
    assert page.evaluate("window.stayed")
    expect(page.locator("#vote-1")).to_have_count(1)
    with page.expect_response("**/vote"):
        page.get_by_role("button", name="Helpful: Marta Oliveira", exact=True).click()
    assert site.posted[1:] == [("/vote", {"csrf": "token", "value": "0"})], "what came in its place works like it"


@pytest.mark.usefixtures("scripted")
def test_a_refused_vote_says_why_and_changes_nothing(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    site.refused = True
    page.get_by_role("button", name="Not helpful: Marta Oliveira").click()
    expect(page.get_by_role("status").filter(has_text="Only the person who asked can do that.")).to_be_visible()
    expect(page.locator("#vote-1")).to_have_count(1)


@pytest.mark.usefixtures("scripted")
def test_an_answer_that_leads_elsewhere_is_followed(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    site.lost = True
    page.get_by_role("button", name="Not helpful: Marta Oliveira").click()
    expect(page).to_have_title("Plain · Alzaia & friends")


@pytest.mark.usefixtures("scripted")
def test_a_vote_without_a_connection_says_so(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.context.set_offline(True)
    page.get_by_role("button", name="Not helpful: Marta Oliveira").click()
    expect(page.get_by_role("status").filter(has_text="Not saved: no connection.")).to_be_visible()


# Keys and theme


@pytest.mark.usefixtures("scripted")
def test_keys_search_move_and_list_themselves(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('li').matches('.threads > li:nth-child(2)')")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Roadmap")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("j?")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("j?")


@pytest.mark.usefixtures("scripted")
def test_a_theme_shows_before_it_is_applied(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    page.get_by_label("Theme").select_option("system")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 252, 250)"


# The composer


@pytest.mark.usefixtures("scripted")
def test_the_toolbar_writes_markdown(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    text = page.get_by_role("textbox", name="Your answer")
    text.fill("word")
    text.select_text()
    page.get_by_role("button", name="Bold").click()
    expect(text).to_have_value("**word**")
    text.fill("word")
    text.select_text()
    page.get_by_role("button", name="Bold").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(text).to_have_value("_word_")
    text.fill("word")
    text.select_text()
    page.keyboard.press("Control+e")
    expect(text).to_have_value("`word`")


@pytest.mark.usefixtures("scripted")
def test_the_preview_comes_in_place(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    text = page.get_by_role("textbox", name="Your answer")
    text.fill("12345")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("[data-preview] em")).to_have_text("5")
    expect(text).to_be_hidden()
    assert site.posted == [("/preview", {"body": "12345", "csrf": "token"})]
    page.get_by_role("button", name="Write").click()
    expect(text).to_be_focused()


@pytest.mark.usefixtures("scripted")
def test_a_draft_comes_back_and_goes_once_it_was_sent(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    text = page.get_by_role("textbox", name="Your answer")
    text.fill("")
    page.goto(f"{site.url}/plain")
    page.goto(f"{site.url}/en")
    expect(text).to_have_value("Hello *you*")  # what the server sends wins over a draft

    text.fill("half an answer")
    page.evaluate("document.querySelector('[name=title]').removeAttribute('required')")
    page.get_by_role("button", name="Post answer").click()
    expect(page).to_have_title("Plain · Alzaia & friends")
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.usefixtures("scripted")
def test_a_draft_fills_an_empty_composer(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.evaluate("localStorage.setItem('loggia-draft:specimen', JSON.stringify({ text: 'kept', at: 0 }))")
    page.route(
        "**/en",
        lambda route: route.fulfill(response=(was := route.fetch()), body=was.text().replace("Hello *you*", "")),
    )
    page.goto(f"{site.url}/en")
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("kept")
    expect(page.locator("#body-saved")).to_contain_text("is back")


@pytest.mark.usefixtures("scripted")
def test_a_draft_survives_a_refusal(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.get_by_role("textbox", name="Your answer").fill("half an answer")
    site.refused = True
    page.get_by_role("button", name="Post answer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You may not do that here")
    assert "half an answer" in page.evaluate("localStorage.getItem('loggia-draft:specimen')")


@pytest.mark.usefixtures("scripted")
def test_nothing_is_sent_without_a_connection(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    page.get_by_role("textbox", name="Your answer").fill("half an answer")
    page.context.set_offline(True)
    page.get_by_role("button", name="Post answer").click()
    expect(page.get_by_role("status").filter(has_text="Your text is kept here.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("half an answer")


@pytest.mark.usefixtures("scripted")
def test_similar_threads_appear_while_a_title_is_typed(site: SpecimenSite, page: Page) -> None:
    page.goto(f"{site.url}/en")
    title = page.locator("#title")
    title.fill("two words")
    title.fill("now there are four")
    expect(page.locator("[data-similar]")).to_have_text("Something like it")
