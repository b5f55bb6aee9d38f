"""The header fields that every answer carries, whatever it is and whoever made it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from web.edge.asgi import HTTPApp, HTTPScope, Message, Receive, Send
from web.problems import wants_problem

_FIXED = (
    (b"x-content-type-options", b"nosniff"),
    # The full referrer stays on this site: other sites learn the origin, and our own forms still send theirs.
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"),
)
_YEAR = 31_536_000
_NOT_KEPT = (b"cache-control", b"no-store")
_KEPT_BY_READER = (b"cache-control", b"private, no-cache")


def content_policy(*, https: bool, form_targets: Sequence[str] = ()) -> str:
    """The Content-Security-Policy: everything from here, nothing inline. `form_targets` are origins a form may lead to."""
    rules = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        " ".join(("form-action 'self'", *form_targets)),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    return "; ".join(rules + (["upgrade-insecure-requests"] if https else []))


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class SecurityHeaders:
    """Adds the fields. A handler that set one of them itself (an upload with a stricter policy, say) keeps its own."""

    def __init__(self, app: HTTPApp, *, https: bool) -> None:
        self.app = app
        policy = content_policy(https=https).encode("ascii")
        lasting = ((b"strict-transport-security", b"max-age=%d; includeSubDomains" % _YEAR),) if https else ()
        self._fields = ((b"content-security-policy", policy), *_FIXED, *lasting)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._with_fields(message["headers"], scope["path"], message["status"])
            await send(message)

        await self.app(scope, receive, sealed)

    def _with_fields(self, given: Iterable[tuple[bytes, bytes]], path: str, status: int) -> list[tuple[bytes, bytes]]:
        given = list(given)
        names = {name.lower() for name, _ in given}
        fields = [*given, *(field for field in self._fields if field[0] not in names)]
        if b"cache-control" not in names:
            # By default nobody in between may keep an answer, and the reader's own browser asks again each time.
            personal = b"set-cookie" in names or status >= 400 or wants_problem(path)
            fields.append(_NOT_KEPT if personal else _KEPT_BY_READER)
        return fields
