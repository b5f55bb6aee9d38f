"""Every kind of page of the demo community, for everybody who sees it: sound HTML, nothing in the way of anybody, room on a
narrow phone, and all of it without script. A few in `make test`; every page in every language, width and theme in the long run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState

from forum.members import accounts
from forum.members.actors import actor_of
from forum.members.finding import member_of
from tests.installing import SECRET_KEY
from tests.journeys.house import House, open_house
from tests.journeys.sights import ROLES, Sight, sights
from tests.servers import Missing, node
from web.demo.checks import checked_community
from web.demo.installing import ensure
from web.demo.loading import passwords_of

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(3000)]

LANGUAGES = {"en": "en-GB", "it": "it-IT"}
AXE = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
FEW = 8
SHOWN = {("en", "light", 1280), ("it", "dark", 390)}  # in `make test`; all others in the long run


@dataclass
class Tour:
    """The demo community, open, with a signed-in browser for everybody who shows the house."""

    house: House
    browser: Browser
    sights: list[Sight]
    signed_in: dict[str, StorageState] = field(default_factory=dict)

    def context(self, role: str, locale: str, **options: Any) -> BrowserContext:
        state = self.signed_in.get(role)
        return self.browser.new_context(
            storage_state=state, locale=LANGUAGES[locale], base_url=self.house.url, **options
        )

    def speak(self, locale: str) -> None:
        """Members choose a language for their account, which comes before their browser's."""
        with self.house.database.transaction() as session:
            for handle in HANDLES.values():
                member = member_of(session, handle)
                actor = actor_of(session, member.id)
                accounts.choose_locale(session, actor, locale=locale)

    def few(self, number: int) -> list[Sight]:
        """Some pages of everybody."""
        return self.sights[:: max(1, len(self.sights) // number)]


COMMUNITY = checked_community()
HANDLES = {person.signs_in_as: person.handle for person in COMMUNITY.people if person.signs_in_as}


@pytest.fixture(scope="module")
def tour(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder}/loggia.sqlite"
    with open_house(url, folder, furnish=lambda settings: ensure(settings, COMMUNITY)) as house:
        opened = Tour(house, browser, sights(house.database))
        passwords = passwords_of(COMMUNITY, SECRET_KEY)
        for role, handle in HANDLES.items():
            context = browser.new_context(base_url=house.url)
            page = context.new_page()
            page.goto("/login")
            page.locator("#login").fill(handle)
            page.locator("#password").fill(passwords[handle])
            page.locator("main button[type=submit]").click()
            page.get_by_role("link", name="Your profile").or_(
                page.get_by_role("link", name="Il tuo profilo")
            ).wait_for()
            opened.signed_in[role] = context.storage_state()
            context.close()
        yield opened


@pytest.fixture(scope="module")
def axe() -> str:
    try:
        return node.axe_source()
    except Missing as reason:
        pytest.skip(str(reason))


def test_everybody_is_on_the_tour(tour: Tour) -> None:
    assert {sight.role for sight in tour.sights} == set(ROLES)
    assert set(tour.signed_in) == set(ROLES) - {"visitor"}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_html_is_sound(tour: Tour, tmp_path: Path, locale: str) -> None:
    tour.speak(locale)
    wrong = {}
    for role in ROLES:
        context = tour.context(role, locale)
        for number, sight in enumerate(tour.sights):
            if sight.role == role:
                answer = context.request.get(sight.path, headers={"accept-language": locale})
                text = answer.text()
                if answer.status != sight.status or f'<html lang="{locale}"' not in text:
                    wrong[sight.path] = answer.status
                (tmp_path / f"{number:03}-{role}-{sight.path.replace('/', '_')[:60]}.html").write_text(text)
        context.close()
    assert wrong == {}
    try:
        assert node.html_findings(tmp_path) == ""
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("locale", ["it", pytest.param("en", marks=pytest.mark.long(only=True))])
def test_a_narrow_phone_without_script_shows_all(tour: Tour, locale: str, amount: Callable[[int, int], int]) -> None:
    """Nothing is wider than 320 pixels, least of all with the longer Italian words, and what a page is about stands there."""
    tour.speak(locale)
    wide = {}
    for role in ROLES:
        context = tour.context(role, locale, viewport={"width": 320, "height": 700}, java_script_enabled=False)
        page = context.new_page()
        for sight in (one for one in tour.few(amount(30, 1000)) if one.role == role):
            page.goto(sight.path)
            assert page.locator("main h1").is_visible(), sight
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 320:
                wide[sight.path] = width
        context.close()
    assert wide == {}


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [
        pytest.param(
            locale, scheme, width, marks=[] if (locale, scheme, width) in SHOWN else [pytest.mark.long(only=True)]
        )
        for locale in LANGUAGES
        for scheme in ("light", "dark")
        for width in (1280, 390, 320)
    ],
)
def test_nothing_is_in_the_way_of_anybody(
    tour: Tour, axe: str, locale: str, scheme: str, width: int, amount: Callable[[int, int], int]
) -> None:
    """axe-core finds nothing, under WCAG 2.2 AA and what is held to be good practice."""
    tour.speak(locale)
    found = []
    for role in ROLES:
        # the policy of the pages would not let the checker in
        context = tour.context(
            role, locale, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        for sight in (one for one in tour.few(amount(FEW, 1000)) if one.role == role):
            page.goto(sight.path)
            page.evaluate(axe)
            found += [
                (sight.role, sight.path, finding["id"], [one["html"] for one in finding["nodes"]][:2])
                for finding in page.evaluate(AXE)["violations"]
            ]
        context.close()
    assert found == []
