"""Pages for readers who are not signed in, kept in memory in front of the router.

A handler that calls `keep(...)` says: this answer is the same for every such reader with this language and theme, at this
one address, until the version of what it shows changes. The layer stores the page under path, query, language and theme,
compressed, and for half a second answers from memory without asking anybody; then the first reader's request has the
version read again, and the others wait for that one look.

Kept is only what passes every test here: a plain GET at exactly the address the handler names (so nothing that is not
part of the key can have shaped the page), no session, 200, no cookie set, and a page whole in memory. While the database
is away (503), the page that is known stands in.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

import structlog
import zstandard
from sqlalchemy import Connection

from web.edge.asgi import HTTPApp, HTTPScope, Message, Receive, Send
from web.edge.cookies import NOTICE, SESSION
from web.edge.encodings import best_encoding
from web.edge.visit import HasScope, Keep, Version, Visit, visit_in, visit_of

LOOK_AGAIN = 0.5  # seconds
LIFETIME = 60.0  # seconds; bounds what no version counts, such as a day that ends
MOST_BYTES = 16 * 2**20
LARGEST_PAGE = 512 * 2**10
_POLICY = b"public, max-age=0, must-revalidate"
_VARY = b"Accept-Encoding, Accept-Language, Cookie, HX-Request"
_KINDS = (b"text/html", b"application/atom+xml", b"application/xml", b"text/plain")
# A request with one of these wants something else than the plain page.
_UNUSUAL = frozenset(
    (
        b"authorization",
        b"range",
        b"hx-request",
        b"x-requested-with",
        b"upgrade",
        b"content-length",
        b"transfer-encoding",
    )
)

_log = structlog.get_logger("loggia.cache")

Key = tuple[str, bytes, str, str]
ReadVersion = Callable[[Callable[[Connection], Version]], Awaitable[Version]]
"""Runs a look at the database where it may block: on the loop for the embedded one, in a thread for the other."""


def keep(request: HasScope, *, address: str, version: Version, version_of: Callable[[Connection], Version]) -> None:
    """Let this answer be kept for readers who are not signed in.

    `address` is the page's own: path and query as this site spells them in links. `version` must have been read before, or
    in one select with, what the page shows, else an old page could be kept under a new version. `version_of` reads it anew;
    it must change with everything on the page.
    """
    visit_of(request).keep = Keep(address, version, version_of)


@dataclass(slots=True)
class Page:
    """One kept answer. The plain body is not stored: hardly anybody asks for it, and it is the largest."""

    kind: bytes
    label: str
    etag: bytes
    gzipped: bytes
    zstd: bytes
    plain_size: int
    version: Version
    version_of: Callable[[Connection], Version]
    look_at: float
    until: float
    looking: asyncio.Future[Version] | None = None

    @property
    def size(self) -> int:
        return len(self.gzipped) + len(self.zstd) + 1_024  # and what the object itself takes, roughly

    def body(self, encoding: bytes) -> bytes:
        if encoding == b"zstd":
            return self.zstd
        return self.gzipped if encoding == b"gzip" else gzip.decompress(self.gzipped)


class Pages:
    """The kept pages, the longest unused leaving first when they grow beyond their bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._most_bytes = most_bytes
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._pages)

    def find(self, key: Key) -> Page | None:
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: Key, page: Page) -> None:
        self.drop(key)
        self._pages[key] = page
        self.bytes += page.size
        while self.bytes > self._most_bytes:
            _, oldest = self._pages.popitem(last=False)
            self.bytes -= oldest.size

    def drop(self, key: Key) -> None:
        page = self._pages.pop(key, None)
        if page is not None:
            self.bytes -= page.size


class PageCache:
    """The layer. `read_version` looks at the database; `clock` counts seconds."""

    def __init__(
        self,
        app: HTTPApp,
        *,
        read_version: ReadVersion,
        pages: Pages | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self.pages = pages if pages is not None else Pages()
        self._read_version = read_version
        self._clock = clock

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        visit = visit_in(scope)
        if not is_plain(scope, visit):
            await self.app(scope, receive, send)
            return
        key = key_of(scope, visit)
        page = self.pages.find(key)
        if page is not None and await self._is_current(page):
            visit.cache, visit.label = "hit", page.label
            await answer(page, visit, send)
            return
        await self.app(scope, receive, _Catcher(self, key, scope, send))

    async def _is_current(self, page: Page) -> bool:
        now = self._clock()
        if now < page.look_at:
            return True
        if now >= page.until:
            return False
        return await self._version_now(page) == page.version

    async def _version_now(self, page: Page) -> Version:
        """The version in the database, looked up once however many readers wait for it."""
        if page.looking is None:
            page.looking = asyncio.ensure_future(self._look(page))
        return await asyncio.shield(page.looking)

    async def _look(self, page: Page) -> Version:
        asked_at = self._clock()
        try:
            version = await self._read_version(page.version_of)
        except Exception as error:  # noqa: BLE001 - whatever keeps the version from being read, a page is there to show
            # Without its database the site still shows what it knows; nothing can have changed meanwhile.
            _log.warning("version unknown, page shown as it was", error=f"{type(error).__name__}: {error}"[:300])
            version = page.version
        finally:
            page.looking = None
        page.look_at = asked_at + LOOK_AGAIN
        return version

    def store(self, key: Key, body: bytes, kind: bytes, label: str, kept: Keep) -> Page:
        page = made(body, kind, label, kept, self._clock())
        self.pages.put(key, page)
        return page


def is_plain(scope: HTTPScope, visit: Visit) -> bool:
    """Whether this is the request of somebody in particular, or for something in particular. Then memory has no say."""
    if scope["method"] != "GET" or SESSION.name in visit.cookies or NOTICE.name in visit.cookies:
        return False
    headers = visit.headers
    if not _UNUSUAL.isdisjoint(headers):
        return False
    accept = headers.get(b"accept")
    return accept is None or b"text/html" in accept or b"*/*" in accept or b"xml" in accept


def key_of(scope: HTTPScope, visit: Visit) -> Key:
    """Everything that shapes a kept page, as a tuple: parts cannot run into each other."""
    return (scope["path"], scope["query_string"], visit.locale, visit.theme)


async def answer(page: Page, visit: Visit, send: Send) -> None:
    """Send a kept page, or that the reader's copy is still right."""
    headers = [(b"etag", page.etag), (b"cache-control", _POLICY), (b"vary", _VARY)]
    asked = visit.headers.get(b"if-none-match")
    if asked is not None and matches(asked, page.etag):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    encoding = best_encoding(visit.headers.get(b"accept-encoding", b""))
    body = page.body(encoding)
    headers += [(b"content-type", page.kind), (b"content-length", b"%d" % len(body))]
    if encoding:
        headers.append((b"content-encoding", encoding))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def matches(asked: bytes, etag: bytes) -> bool:
    """`If-None-Match` compared weakly, as RFC 9110 section 13.1.2 wants it."""
    if asked.strip() == b"*":
        return True
    return any(_opaque(part) == _opaque(etag) for part in asked.split(b","))


def _opaque(tag: bytes) -> bytes:
    return tag.strip().removeprefix(b"W/")


class _Catcher:
    """The `send` of a request that memory could not answer: lets everything through, and keeps it if the handler said so."""

    def __init__(self, cache: PageCache, key: Key, scope: HTTPScope, send: Send) -> None:
        self._cache, self._key, self._scope, self._send = cache, key, scope, send
        self._visit = visit_in(scope)
        self._held: Message | None = None  # the start of an answer that waits for its body
        self._kind = b""
        self._known: Page | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message["status"], list(message["headers"]), message)
        elif self._held is None or message["type"] != "http.response.body":
            await self._send(message)
        elif message.get("more_body", False):  # a stream after all
            await self._send(self._held)
            self._held = None
            await self._send(message)
        else:
            await answer(self._known or self._keep(message["body"]), self._visit, self._send)

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]], message: Message) -> None:
        kind = kind_to_keep(self._scope, self._visit, status, headers)
        self._known = self._cache.pages.find(self._key) if status == 503 else None
        if kind is not None or self._known is not None:
            self._held, self._kind = message, kind or b""
            return
        if status < 500:
            self._cache.pages.drop(self._key)
        await self._send(message)

    def _keep(self, body: bytes) -> Page:
        if self._visit.keep is None:
            raise AssertionError("only an answer that the handler wants kept is held back")
        self._visit.cache = "kept"
        label = self._scope.get("path_template") or ""
        return self._cache.store(self._key, body, self._kind, label, self._visit.keep)


def kind_to_keep(scope: HTTPScope, visit: Visit, status: int, headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The content type of an answer that may be kept, else nothing."""
    if visit.keep is None or visit.personal or visit.new_cookies:
        return None
    if status != 200 or not is_own_address(scope, visit.keep.address):
        return None
    named = {name.lower(): value for name, value in headers}
    if named.keys() & {b"set-cookie", b"content-encoding", b"transfer-encoding", b"cache-control"}:
        return None
    kind, length = named.get(b"content-type", b""), named.get(b"content-length", b"")
    fits = length.isdigit() and 0 < int(length) <= LARGEST_PAGE
    return kind if fits and kind.startswith(_KINDS) else None


def is_own_address(scope: HTTPScope, address: str) -> bool:
    """Whether exactly this address was asked for, letter by letter."""
    path, _, query = address.partition("?")
    return unquote(path) == scope["path"] and query.encode() == scope["query_string"]


def made(body: bytes, kind: bytes, label: str, kept: Keep, now: float) -> Page:
    """The page in the forms in which it is sent. Compressing costs about a millisecond, once."""
    return Page(
        kind=kind,
        label=label,
        etag=b'W/"%s"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode("ascii"),
        gzipped=gzip.compress(body, 6, mtime=0),
        zstd=zstandard.compress(body, 6),
        plain_size=len(body),
        version=kept.version,
        version_of=kept.version_of,
        look_at=now + LOOK_AGAIN,
        until=now + LIFETIME,
    )
