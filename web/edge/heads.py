"""Reads a request's head once, strictly: sizes, repeated fields, bytes that no address of ours holds.

What is refused here reaches no router, no database and no cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import quote, unquote_to_bytes

from forum.kernel.errors import N_, Text
from web.edge.asgi import HTTPApp, HTTPScope, Receive, Send
from web.edge.cookies import LOCALE, THEME, Jar
from web.edge.languages import locale_for
from web.edge.sessions import read_credentials
from web.edge.visit import visit_in
from web.problems import BAD_REQUEST, HEADERS_TOO_LARGE, NOT_FOUND, URI_TOO_LONG, Refused

MOST_FIELDS = 100
MOST_BYTES = 16_384
LONGEST_PATH = 1_024
LONGEST_QUERY = 4_096
MOST_ARGUMENTS = 100

THEMES = frozenset({"light", "dark"})
# Fields whose meaning would be torn in two by a second one: proxies and servers disagree about which counts.
_SINGLE = frozenset(
    (
        *(b"host", b"authorization", b"content-length", b"content-type", b"transfer-encoding"),
        *(b"origin", b"sec-fetch-site", b"x-csrf-token", b"idempotency-key", b"if-match"),
    )
)
_TORN = Text(N_("The request was sent in a way that can be read in two ways."))
_TOO_MUCH = Text(N_("The request’s head is larger than this site reads."))
_TOO_LONG = Text(N_("The address is longer than this site reads."))
_UNREADABLE = Text(N_("The address holds characters that cannot be read."))
_NO_PAGE = Text(N_("There is no page at this address."))
_BAD_TEXT = re.compile(r"[\x00\ud800-\udfff\ufffd]")


class KnowsLanguage(Protocol):
    @property
    def default_locale(self) -> str: ...


class HasLanguage(Protocol):
    """The site's settings, as far as they are known: which language somebody gets who asks for none."""

    @property
    def known(self) -> KnowsLanguage: ...


class Heads:
    """Fills a visit's headers, cookies, credentials, language and theme."""

    def __init__(self, app: HTTPApp, *, https: bool, site: HasLanguage) -> None:
        self.app = app
        self._jar = Jar(https=https)
        self._https = https
        self._site = site

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        visit = visit_in(scope)
        visit.https = self._https
        visit.headers = headers = gathered(scope["headers"])
        if cookie := headers.get(b"cookie"):
            visit.cookies = self._jar.read(cookie)
        visit.path = spelled(scope["path"], scope["query_string"])
        check_address(scope["path"], scope["query_string"])
        visit.locale = locale_for(
            visit.cookies.get(LOCALE.name, ""), headers.get(b"accept-language", b""), self._site.known.default_locale
        )
        theme = visit.cookies.get(THEME.name, "")
        visit.theme = theme if theme in THEMES else ""
        read_credentials(visit)
        await self.app(scope, receive, send)


def gathered(fields: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The header fields by name; repeated ones joined as the protocol says.

    Raises:
        Refused: too many, too large, or a field twice that must be there once.
    """
    found: dict[bytes, bytes] = {}
    count = size = 0
    for name, value in fields:
        count += 1
        size += len(name) + len(value)
        if name not in found:
            found[name] = value
        elif name in _SINGLE:
            raise Refused(BAD_REQUEST, _TORN)
        else:
            found[name] += (b"; " if name == b"cookie" else b", ") + value
    if count > MOST_FIELDS or size > MOST_BYTES:
        raise Refused(HEADERS_TOO_LARGE, _TOO_MUCH)
    if b"transfer-encoding" in found and b"content-length" in found:
        raise Refused(BAD_REQUEST, _TORN)
    return found


def check_address(path: str, query: bytes) -> None:
    """Let pass an address that text columns and routers can take.

    Raises:
        Refused: too long, too many arguments, NUL, half a surrogate pair, or bytes that are not UTF-8.
    """
    if len(path) > LONGEST_PATH or len(query) > LONGEST_QUERY or query.count(b"&") >= MOST_ARGUMENTS:
        raise Refused(URI_TOO_LONG, _TOO_LONG)
    if not path.startswith("/"):
        raise Refused(NOT_FOUND, _NO_PAGE)
    if not (path.isascii() and path.isprintable()) and _BAD_TEXT.search(path):
        raise Refused(BAD_REQUEST, _UNREADABLE)
    if query and (b"%" in query or not query.isascii()):
        _check_query(query)


def spelled(path: str, query: bytes) -> str:
    """The address as a link would spell it."""
    plain = path if path.isascii() and path.isprintable() and " " not in path else quote(path, errors="replace")
    return f"{plain}?{query.decode('ascii', 'replace')}" if query else plain


def _check_query(query: bytes) -> None:
    try:
        text = unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise Refused(BAD_REQUEST, _UNREADABLE) from None
    if "\0" in text:
        raise Refused(BAD_REQUEST, _UNREADABLE)
