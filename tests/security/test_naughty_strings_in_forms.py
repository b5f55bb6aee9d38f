"""The big list of naughty strings, typed into every field of every form that any role finds.

A form takes a text as it is, and shows it again as it is, or refuses it with a sentence and loses nothing of what was typed.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from forum.kernel.db import Database
from tests.security.browsing import Browser, Form, again, browser_of, fell_over, forms_found, same_form
from tests.security.town import Town
from tests.security.wire import Wire, tell
from tests.shared import shared_data
from tests.web.edging import RawAnswer

FEW = (
    "<script>alert(1)</script>",
    "\"'`;--%27",
    "Ω≈ç√∫˜µ≤≥÷",
    "👾 🙇 💁",
    "\u202e\u2066test\u2067",
    "'; DROP TABLE member; --",
    "%s%n{{7*7}}${7}",
    "\u0000x",
)
"""Of several kinds; the list itself is not part of the repository."""
VISITORS = ("anonymous", "member", "staff", "moderator", "administrator")
ENDS = (
    "/logout",
    "/deactivate",
    "/delete",
    "/settings/data",
)  # what ends the account that sends it: sent once, at the end


def starts(town: Town) -> list[str]:
    """Where people begin to look; what no link leads to stands here."""
    things = [f"/t/{town.known['thread'][0]}/x", f"/t/{town.known['thread'][1]}/x", f"/c/{town.known['slug'][0]}"]
    return [
        "/",
        *things,
        "/login",
        "/register",
        "/ask",
        "/ideas",
        "/search?q=burrs",
        "/settings",
        "/moderation",
        "/admin",
        "/notifications",
    ]


class Typing:
    """Somebody who types strings into the fields of forms, and notes what went wrong."""

    def __init__(self, wire: Wire, database: Database, town: Town, role: str) -> None:
        self._wire, self._database, self._town, self._role = wire, database, town, role
        self.browser = self._opened()
        self.wrong: list[str] = []
        self.typed = self.taken = self.refused = 0

    def _opened(self) -> Browser:
        return browser_of(self._wire, self._database, self._town.people.get(self._role))

    def type(self, form: Form, name: str, text: str) -> None:
        now = again(self.browser, form)
        if now is None or name not in {field.name for field in now.fields}:
            return
        answer = self.browser.send(now, now.filled(**{name: text}))
        self.typed += 1
        if trouble := self._trouble(now, name, text, answer):
            self.wrong.append(
                f"{form.key} on {form.page} as {self._role}, {name}={text!r}: {trouble} ({answer.status})"
            )

    def _trouble(self, form: Form, name: str, text: str, answer: RawAnswer) -> str:
        if fell_over(form, answer):
            return "the site fell over"
        if answer.status == 422:
            self.refused += 1
            return _lost(form, name, text, answer)
        if answer.status in (302, 303, 200):
            self.taken += 1
            return self._changed(form, name, text)
        if not answer.body:
            return "no word why it was refused"
        return ""

    def _changed(self, form: Form, name: str, text: str) -> str:
        """Whether the form, where it shows what is stored, shows something else than was typed."""
        shown = again(self.browser, form) if form.method == "POST" else None
        held = {field.name: field.value for field in shown.fields} if shown else {}
        before = {field.name: field.value for field in form.fields}
        if held.get(name, "") in ("", before[name]) or same(held[name], text):
            return ""
        return f"it became {held[name]!r}"


def _lost(form: Form, name: str, text: str, answer: RawAnswer) -> str:
    """What was typed and is not in the form that was sent back. Passwords are never sent back."""
    shown = same_form(answer, form)
    if shown is None:
        return "the form did not come back"
    kinds = {field.name: field.kind for field in form.fields}
    held = {field.name: field.value for field in shown.fields}
    if kinds[name] != "password" and not same(held.get(name, ""), text):
        return f"what was typed is lost, there is {held.get(name)!r}"
    return ""


def same(shown: str, typed: str) -> bool:
    """Equal but for blanks, and for NUL, which no database holds and HTML shows as U+FFFD."""
    return _plain(shown) == _plain(typed)


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", "\ufffd").split())


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", VISITORS)
def test_every_field_takes_any_text_or_says_why_not(
    wire: Wire, database: Database, town: Town, role: str, amount: Callable[[int, int], int]
) -> None:
    strings = json.loads((shared_data("data/naughty-strings") / "blns.json").read_text()) if amount(0, 1) else list(FEW)
    typing = Typing(wire, database, town, role)
    forms = forms_found(typing.browser, starts(town))
    assert len(forms) > 3
    turn = 0
    for form in forms.values():
        if form.action.endswith(ENDS):
            continue
        for field in form.typed:
            turn += 1
            few = strings if amount(0, 1) else [strings[turn % len(strings)], strings[(turn * 3 + 1) % len(strings)]]
            for text in few:
                typing.type(form, field.name, text)
    tell(
        f"{role}: {len(forms)} forms, {turn} fields, {typing.typed} texts typed, {typing.taken} taken, {typing.refused} refused"
    )
    assert not typing.wrong, "\n".join(typing.wrong)
    assert typing.typed > 5
