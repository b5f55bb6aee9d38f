"""Forms come from our own pages, or they are refused.

A request that changes something must say that it comes from this origin (`Sec-Fetch-Site`, `Origin`) and carry a token made
from the visitor's session. Who has none yet signs in and registers with a token made from the pre-session that the form's
page gave them; what else they can send (the footer's choice of language, say) borrows nobody's rights, and pages that
anybody may be shown hold no token, so there the origin is enough. Programs with a bearer token are free of both, since no
browser adds that by itself; so are requests to `/api` without a session.

The token is the form field `csrf`, best the first one, or the header `X-CSRF-Token`. It is salted anew for each page, so
compressing a page that holds it teaches nobody anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import parse_qsl

from forum.kernel.errors import N_, Text
from web.edge.asgi import HTTPApp, HTTPScope, Receive, ReceiveMessage, Send
from web.edge.cookies import FORM
from web.edge.host import own_origins
from web.edge.visit import HasScope, Visit, visit_in, visit_of
from web.problems import FORGED, Refused, wants_problem

FIELD = "csrf"
HEADER = b"x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
BOUND_PATHS = (
    "/login",
    "/register",
    "/forgot",
)  # with all below; where being anonymous is no protection: the answer makes a session, or has a mail sent
LOOKED_THROUGH = 65_536  # of a form's beginning, for the field
_SALT, _MARK = 9, 18  # bytes; 36 characters together
_MULTIPART_FIELD = re.compile(rb'name="?csrf"?\r\n(?:[^\r\n]+\r\n)*\r\n([A-Za-z0-9_-]{36})\r\n')
_FORGED = Text(
    N_(
        "This form was not sent from this site, or its page was open too long. Load the page again and send it once more."
    )
)


def form_token(request: HasScope) -> str:
    """The value of a page's hidden field. For a visitor without session it starts a pre-session. No cache keeps the page."""
    visit = visit_of(request)
    if visit.seal is None:
        raise LookupError("the csrf layer is not in front of this handler")
    visit.personal = True
    if visit.token is None and visit.form_key is None:
        visit.form_key = secrets.token_urlsafe(32)
        visit.new_cookies.append(FORM.spelled(visit.form_key, https=visit.https))
    return visit.seal(visit)


class Tokens:
    """Makes and checks tokens bound to a session or pre-session."""

    def __init__(self, secret_key: str) -> None:
        self._key = hashlib.sha256(b"loggia csrf\0" + secret_key.encode()).digest()

    def make(self, visit: Visit) -> str:
        salt = secrets.token_bytes(_SALT)
        return base64.urlsafe_b64encode(salt + self._mark(salt, binding(visit))).decode("ascii")

    def fits(self, token: str, visit: Visit) -> bool:
        """Whether `token` was made for the session that this request came with."""
        bound_to = binding(visit)
        if not bound_to or len(token) != (_SALT + _MARK) * 4 // 3 or not token.isascii():
            return False
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(raw[_SALT:], self._mark(raw[:_SALT], bound_to))

    def _mark(self, salt: bytes, bound_to: bytes) -> bytes:
        return hmac.digest(self._key, salt + bound_to, "sha256")[:_MARK]


def _is_bound(path: str) -> bool:
    return path in BOUND_PATHS or path.startswith(tuple(f"{bound}/" for bound in BOUND_PATHS))


def binding(visit: Visit) -> bytes:
    """What only this browser holds: its session, else its pre-session; nothing where it has neither."""
    if visit.token is not None:
        return b"session:" + visit.token.encode("ascii")
    return b"form:" + visit.form_key.encode("ascii") if visit.form_key is not None else b""


class Csrf:
    """Refuses what another site's page made a browser send."""

    def __init__(self, app: HTTPApp, *, secret_key: str, base_url: str) -> None:
        self.app = app
        self._tokens = Tokens(secret_key)
        self._origins = frozenset(origin.encode("ascii") for origin in own_origins(base_url))

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        visit = visit_in(scope)
        visit.seal = self._tokens.make
        if scope["method"] not in SAFE and not _needs_no_proof(visit, scope["path"]):
            if not self._is_from_here(visit.headers):
                raise Refused(FORGED, _FORGED)
            if visit.token is not None or _is_bound(scope["path"]):
                receive = await self._checked_body(visit, receive)
        await self.app(scope, receive, send)

    async def _checked_body(self, visit: Visit, receive: Receive) -> Receive:
        token, receive = await _sent_token(visit.headers, receive)
        if not self._tokens.fits(token, visit):
            raise Refused(FORGED, _FORGED)
        return receive

    def _is_from_here(self, headers: dict[bytes, bytes]) -> bool:
        """What the browser says about the page that sent this. Both fields must agree; at least one must be there."""
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if site is None and origin is None:
            return False
        return site in (None, b"same-origin") and (origin is None or origin in self._origins)


def _needs_no_proof(visit: Visit, path: str) -> bool:
    if visit.bearer is not None:
        return True
    return wants_problem(path) and visit.token is None


async def _sent_token(headers: dict[bytes, bytes], receive: Receive) -> tuple[str, Receive]:
    """The token that was sent, and a `receive` that still gives the whole body."""
    if HEADER in headers:
        return headers[HEADER].decode("latin-1"), receive
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind not in (b"application/x-www-form-urlencoded", b"multipart/form-data"):
        return "", receive
    read: list[ReceiveMessage] = []
    start, token = b"", ""
    while not token and len(start) < LOOKED_THROUGH:
        message = await receive()
        read.append(message)
        if message["type"] != "http.request":
            break
        start += message.get("body", b"")
        token = _token_in(start, kind, whole=not message.get("more_body", False))
        if not message.get("more_body", False):
            break
    return token, _again(read, receive)


def _token_in(start: bytes, kind: bytes, *, whole: bool) -> str:
    if kind == b"multipart/form-data":
        found = _MULTIPART_FIELD.search(start)
        return found[1].decode("ascii") if found else ""
    fields = start[:LOOKED_THROUGH] if whole else start[:LOOKED_THROUGH].rpartition(b"&")[0]
    for field in fields.split(b"&"):
        if field.startswith(b"csrf="):
            pairs = parse_qsl(field.decode("latin-1"), keep_blank_values=True)
            return pairs[0][1] if pairs else ""
    return ""


def _again(read: list[ReceiveMessage], receive: Receive) -> Receive:
    """A `receive` that first repeats what was read."""
    waiting = iter(read)

    async def repeating() -> ReceiveMessage:
        return next(waiting, None) or await receive()

    return repeating
