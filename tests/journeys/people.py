"""Somebody with a browser: what they do is what a hand can do, what they expect is what an eye can see.

Words are given as the code says them in English, and looked for in the language of whoever looks.
"""

from __future__ import annotations

import io
import re
from typing import Any

from babel.messages.pofile import read_po
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from forum.kernel.errors import Text
from tests.journeys.house import PASSWORD, PATIENCE, until
from web.locales import po_path
from web.translations import translate

expect.set_options(timeout=PATIENCE * 1000)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SAID = {message.id for message in read_po(io.BytesIO(po_path("it").read_bytes()))}
DESK = {"viewport": {"width": 1280, "height": 900}}


class Witness:
    """Writes down everything that goes wrong in a browser without anybody saying so on the page."""

    def __init__(self, url: str) -> None:
        self.complaints: list[str] = []
        self._url = url

    def watch(self, page: Page) -> None:
        """Also what the policy of the page forbids comes as a message of the console."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":
            return  # the hand was quicker than the page, and left it while a part was under way
        self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 or not response.url.startswith(self._url):
            self.complaints.append(f"{response.request.method} {response.url}: {response.status}")


class Person:
    """One browser. `name` is how they appear on the site, and how they sign in."""

    def __init__(self, context: BrowserContext, url: str, witness: Witness, *, name: str, locale: str) -> None:
        context.set_default_timeout(PATIENCE * 1000)
        self.context, self.name, self.locale = context, name, locale
        self.page = context.new_page()
        self._url = url
        witness.watch(self.page)

    def words(self, msgid: str, **values: Any) -> str:
        """What the code says in English, as this person reads it. A sentence that nobody says any more is told at once."""
        assert msgid in SAID, f"no page says “{msgid}”"
        return translate(Text(msgid, **values), self.locale)

    def go(self, path: str) -> None:
        self.page.goto(self._url + path)

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self._url)

    # What is on the page

    def heading(self, words: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words)

    def told(self, msgid: str) -> None:
        """A notice says so, once the form was sent."""
        expect(self.page.locator("#toasts")).to_contain_text(self.words(msgid))

    def sees(self, words: str, within: str = "main") -> None:
        expect(self.page.locator(within)).to_contain_text(words)

    def sees_not(self, words: str, within: str = "main") -> None:
        expect(self.page.locator(within)).not_to_contain_text(words)

    def finds(self, path: str, words: str, within: str = "main") -> None:
        """Loads a page again until it says so, because what the worker or a cache does takes a moment."""

        def shown() -> bool:
            self.go(path)
            return words in self.page.locator(within).inner_text()

        until(shown, f"“{words}” on {path}")

    def post(self, words: str) -> Locator:
        """The post that says so."""
        return self.page.locator("article.post").filter(has_text=words)

    # What a hand does

    def fill(self, msgid: str, value: str) -> None:
        label = re.compile(rf"^{re.escape(self.words(msgid))}")  # "optional" may follow
        labelled = self.page.locator("main").get_by_label(label)
        labelled.and_(self.page.locator("input, textarea")).fill(value)  # a composer has the name of its text

    def choose(self, msgid: str, value: str) -> None:
        self.page.locator("main").get_by_label(self.words(msgid), exact=True).select_option(value)

    def press(self, msgid: str, within: Locator | None = None) -> None:
        where = within or self.page.locator("main")
        where.get_by_role("button", name=self.words(msgid)).click()

    def follow(self, words: str, within: Locator | None = None) -> None:
        where = within or self.page.locator("main")
        where.get_by_role("link", name=words).first.click()

    def register(self) -> None:
        self.go("/register")
        self.fill("Name others will see", self.name)
        self.fill("E-mail", f"{self.name.lower()}@example.com")
        self.fill("Password", PASSWORD)
        self.press("Create account")
        self.heading(self.words("Look into your mail"))

    def confirm(self, key: str) -> None:
        """Follow the link of the mail. Its page only asks; the button does it."""
        self.go(f"/mailed/verify/{key}")
        self.press("Confirm the address")
        self.told("Welcome. You can ask, answer and vote from now on.")

    def sign_in(self) -> None:
        self.go("/login")
        self.fill("E-mail or name", self.name)
        self.fill("Password", PASSWORD)
        self.press("Sign in")
        expect(self.page.get_by_role("link", name=self.words("Your profile"))).to_be_visible()
