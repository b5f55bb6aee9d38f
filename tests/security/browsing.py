"""People who look for forms: every page that a role can reach by links, and every form that stands on one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import html

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import signing_in
from tests.security.wire import HERE, Wire
from tests.web.edging import RawAnswer

FROM_HERE = {"sec-fetch-site": "same-origin", "origin": HERE}
TYPED = frozenset({"text", "textarea", "search", "email", "url", "password"})
"""Kinds of fields that people type any text into."""
_LEAVES = re.compile(
    r"/(logout|static|api|feeds|health|metrics|sitemap|robots|opensearch|llms)|\.(xml|json|txt|zip|eml)$"
)


@dataclass(frozen=True)
class Field:
    """A field of a form: its kind, what it holds, and what may be chosen."""

    name: str
    kind: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A form on a page. `key` is the same for the same form about another thing."""

    page: str
    action: str
    method: str
    multipart: bool
    fields: tuple[Field, ...]

    @property
    def place(self) -> str:
        """Where it is sent, whatever thing it is about."""
        return f"{self.method} {_general(urlsplit(self.action).path)}"

    @property
    def key(self) -> str:
        names = ",".join(sorted({field.name for field in self.fields} - {"csrf"}))
        return f"{self.place} {names}"

    @property
    def typed(self) -> list[Field]:
        return [field for field in self.fields if field.kind in TYPED]

    def filled(self, **values: str) -> list[tuple[str, str]]:
        """As somebody would send it who fills in everything sensibly; `values` are for some fields, by name."""
        return [(field.name, values.get(field.name, _sensible(field))) for field in self.fields]


class Browser:
    """Keeps its cookies; sends forms with the token that stands in them."""

    def __init__(self, wire: Wire, cookies: Mapping[str, str] | None = None) -> None:
        self._wire = wire
        self.cookies = dict(cookies or {})

    def get(self, url: str) -> RawAnswer:
        return self._kept(self._wire.ask("GET", url, self._headers()))

    def send(self, form: Form, pairs: list[tuple[str, str]]) -> RawAnswer:
        if form.method == "GET":
            return self.get(f"{form.action.partition('?')[0]}?{urlencode(pairs, errors='surrogatepass')}")
        if form.multipart:
            kind, body = _multipart(form, pairs)
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(pairs, errors="surrogatepass").encode()
        headers = {**self._headers(), **FROM_HERE, "content-type": kind}
        return self._kept(self._wire.ask("POST", form.action, headers, body))

    def _headers(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def _kept(self, answer: RawAnswer) -> RawAnswer:
        for name, value in answer.headers:
            if name == b"set-cookie":
                cookie, _, rest = value.decode().partition(";")
                key, _, text = cookie.partition("=")
                if "max-age=0" in rest.lower():
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = text
        return answer


def browser_of(wire: Wire, database: Database, actor: Actor | None) -> Browser:
    """Somebody's browser, signed in; nobody's, with None."""
    if actor is None:
        return Browser(wire)
    with database.transaction() as session:
        return Browser(wire, {"session": signing_in.sign_in(session, member_id=actor.member_id or 0)})


def fell_over(form: Form, answer: RawAnswer) -> bool:
    """Whether the site itself is at fault. A provider for signing in that does not answer is not; the page says so with 503."""
    return answer.status >= 500 and not (answer.status == 503 and "/with/" in form.action)


def forms_found(browser: Browser, starts: list[str], *, most: int = 250) -> dict[str, Form]:
    """The forms of all pages that links from `starts` lead to, each kind once. No page may be broken."""
    waiting, seen = list(starts), set(starts)
    found: dict[str, Form] = {}
    kinds: dict[str, int] = {}
    while waiting and most:
        address = waiting.pop(0)
        kind = _general(urlsplit(address).path)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] > 3:
            continue
        most -= 1
        answer = browser.get(address)
        assert answer.status < 500, address
        if "text/html" not in answer.header("content-type") or not answer.body:
            continue
        page = html.fromstring(answer.body.decode())
        for form in forms_on(page, address):
            found.setdefault(form.key, form)
        for link in _links(page, address):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return found


def forms_on(page: Any, address: str) -> Iterator[Form]:
    """The forms of a page, fields that stand outside but name it included."""
    for form in page.xpath("//form"):
        action = urljoin(address, form.get("action") or address)
        if not action.startswith("/"):
            continue
        own = form.xpath(".//input | .//textarea | .//select | .//button[@name]")
        named = page.xpath("//*[@form=$id]", id=form.get("id")) if form.get("id") else []
        fields = tuple(_fields([*own, *(one for one in named if one not in own)]))
        method = (form.get("method") or "get").upper()
        yield Form(address, action, method, form.get("enctype") == "multipart/form-data", fields)


def again(browser: Browser, form: Form) -> Form | None:
    """The same form as its page shows it now."""
    answer = browser.get(form.page)
    if answer.status != 200 or not answer.body:
        return None
    return same_form(answer, form)


def same_form(answer: RawAnswer, form: Form) -> Form | None:
    """The form that an answer's page shows for the same purpose."""
    page = html.fromstring(answer.body.decode())
    path = urlsplit(form.action).path
    alike = [
        one for one in forms_on(page, form.page) if urlsplit(one.action).path == path and one.method == form.method
    ]
    names = {field.name for field in form.fields}
    return max(alike, key=lambda one: len(names & {field.name for field in one.fields}), default=None)


def _links(page: Any, address: str) -> Iterator[str]:
    for link in page.xpath("//a/@href"):
        target = urljoin(address, str(link).partition("#")[0])
        if target.startswith("/") and not target.startswith("//") and not _LEAVES.search(urlsplit(target).path):
            yield target


def _fields(elements: list[Any]) -> Iterator[Field]:
    groups: dict[str, Field] = {}
    for element in elements:
        name, kind = element.get("name"), element.get("type") or element.tag
        if not name or (kind in ("submit", "file") and not element.get("value")):
            continue
        if element.tag == "select":
            choices = tuple(element.xpath("./option/@value | ./optgroup/option/@value"))
            chosen = element.xpath(".//option[@selected]/@value")
            yield Field(name, "select", chosen[0] if chosen else next(iter(choices), ""), choices)
        elif kind in ("radio", "checkbox", "submit", "button"):
            before = groups.get(name, Field(name, kind, element.get("value", "on")))
            value = element.get("value", "on") if element.get("checked") is not None else before.value
            groups[name] = replace(before, value=value, choices=(*before.choices, element.get("value", "on")))
        else:
            text = element.text_content().removeprefix("\n") if element.tag == "textarea" else element.get("value", "")
            yield Field(name, "text" if kind == "input" else kind, text)
    yield from groups.values()


_SENSIBLE = {"password": "correct horse battery staple", "tags": "burrs", "title": "How do I clean the burrs"}
_ONCE = {
    "mail": "person{}@example.com",
    "email": "person{}@example.com",
    "url": "https://nowhere.invalid/{}",
    "handle": "person{}0",
    "slug": "place-{}0",
}
"""What must not be there yet."""
_numbers = count(1000)


def _sensible(field: Field) -> str:
    if field.value:
        return field.value
    if field.kind == "number":
        return "1"
    if pattern := _ONCE.get(field.name, _ONCE.get(field.kind)):
        return pattern.format(next(_numbers))
    if field.kind in TYPED:
        return _SENSIBLE.get(field.name, _SENSIBLE.get(field.kind, "It runs for ten seconds, then it stops."))
    return field.value


def _multipart(form: Form, pairs: list[tuple[str, str]]) -> tuple[str, bytes]:
    boundary = "----loggia-test"
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    ]
    return f"multipart/form-data; boundary={boundary}", ("".join(parts) + f"--{boundary}--\r\n").encode(
        "utf-8", "replace"
    )


def _general(path: str) -> str:
    """The path with what differs from thing to thing taken out."""
    path = re.sub(r"(?<=/)\d+(/[^/?]+)?", "#", path)
    return re.sub(r"person\d+|place-\d+", "#", path)
