"""How much at once: token buckets by member or network, requests that wait at one time, the deadline of a slow body.

Reading is counted in this process, which costs next to nothing. What changes something is counted where all processes
look: in Redis or PostgreSQL, else here as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from litestar.concurrency import sync_to_thread

from forum.kernel.errors import N_, Text, TooMany
from web.edge.asgi import HTTPApp, HTTPScope, Message, Receive, ReceiveMessage, Send
from web.edge.buckets import SECOND, Rule, Store, Taken
from web.edge.csrf import BOUND_PATHS, SAFE
from web.edge.sessions import KnownTokens
from web.edge.visit import Visit, visit_in
from web.problems import BAD_REQUEST, TOO_MANY, TOO_SLOW, UNAVAILABLE, Refused, wants_problem


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules of an installation; None is no limit."""

    reading: Rule | None
    writing: Rule | None
    signing_in: Rule | None
    account: Rule | None = None  # tries to sign in to one account, wherever they come from
    mail: Rule | None = None  # mails to typed addresses, by where it is asked for
    mails: Rule | None = None  # the same, over all


LIMITS = Limits(
    reading=Rule("read", 600, 60),
    writing=Rule("write", 60, 60),
    signing_in=Rule("sign-in", 10, 60),
    account=Rule("account", 60, 3_600),
    mail=Rule("mail", 20, 3_600),
    mails=Rule("mails", 1_000, 3_600),
)
LOOPBACK_LIMITS = Limits(
    reading=Rule("read", 60_000, 60),
    writing=Rule("write", 6_000, 60),
    signing_in=Rule("sign-in", 300, 60),
    account=Rule("account", 6_000, 3_600),
    mail=Rule("mail", 6_000, 3_600),
    mails=Rule("mails", 6_000, 3_600),
)
"""For a site that only this machine can reach, where all come from one address."""

FREE_PREFIXES = ("/static/", "/health/")


@lru_cache(8192)
def network_of(address: str) -> str:
    """Whom an address counts as: itself, or with IPv6 the /64 that one household or server has whole."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else str(ip_network((parsed, 64), strict=False))
    return str(parsed)


class RateLimit:
    """Takes a token for each request that reaches it; answers 429 when the bucket is empty."""

    def __init__(self, app: HTTPApp, *, limits: Limits, here: Store, shared: Store, known: KnownTokens) -> None:
        self.app = app
        self._limits = limits
        self._here, self._shared = here, shared
        self._known = known

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        rule = self._rule(scope["method"], path)
        if rule is None or path.startswith(FREE_PREFIXES):
            await self.app(scope, receive, send)
            return
        key = self._who(visit_in(scope), rule)
        result = await self._take(key, rule)
        if not result.allowed:
            raise Refused(TOO_MANY, TooMany(retry_after=1).text, headers=_told(rule, result))
        if not wants_problem(path):
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, _telling(send, rule, result))
        except Refused as refusal:  # by a layer behind this one, and told to the program by one before it
            refusal.headers = {**_told(rule, result), **refusal.headers}
            raise

    def _rule(self, method: str, path: str) -> Rule | None:
        if method in SAFE:
            return self._limits.reading
        return self._limits.signing_in if path in BOUND_PATHS else self._limits.writing

    def _who(self, visit: Visit, rule: Rule) -> str:
        credential = visit.token or visit.bearer
        member = self._known.member(credential) if credential and rule is not self._limits.signing_in else None
        return f"member {member}" if member is not None else f"from {network_of(visit.client)}"

    async def _take(self, key: str, rule: Rule) -> Taken:
        store = self._here if rule is self._limits.reading else self._shared
        if store.blocks:
            return await sync_to_thread(store.take, key, rule)
        return store.take(key, rule)


def _told(rule: Rule, result: Taken) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers, and `Retry-After` for a refusal."""
    told = {
        "ratelimit-policy": f'"{rule.name}";q={rule.amount};w={rule.seconds}',
        "ratelimit": f'"{rule.name}";r={result.remaining};t={-(-result.full_after // SECOND)}',
    }
    return told if result.allowed else {**told, "retry-after": str(result.retry_seconds)}


def _telling(send: Send, rule: Rule, result: Taken) -> Send:
    fields = [(name.encode("ascii"), value.encode("ascii")) for name, value in _told(rule, result).items()]

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *fields]
        await send(message)

    return telling


AT_ONCE = 128
_FULL = Text(N_("Very many people are here at once. Try again in a few seconds."))


class Shedding:
    """Turns requests away at once when so many wait for an answer that one more would only make all of them late.

    An answer that has begun counts no more, so those who listen to a stream take nobody's place.
    """

    def __init__(self, app: HTTPApp, *, most: int = AT_ONCE) -> None:
        self.app = app
        self._most = most
        self._waiting = 0

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if self._waiting >= self._most and not scope["path"].startswith(FREE_PREFIXES):
            raise Refused(UNAVAILABLE, _FULL, headers={"retry-after": "2"})
        self._waiting += 1
        waits = True

        async def noting(message: Message) -> None:
            nonlocal waits
            if waits:
                waits = False
                self._waiting -= 1
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if waits:
                self._waiting -= 1


BODY_SECONDS = 30.0
_CUT_OFF = Text(N_("What was sent did not arrive whole."))
_SLOW = Text(N_("What was sent came too slowly."))


class Deadline:
    """Gives a request's body so many seconds to arrive; a connection that drips is not waited for."""

    def __init__(self, app: HTTPApp, *, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self._seconds = seconds

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if scope["method"] in SAFE:
            await self.app(scope, receive, send)
            return
        ends = asyncio.get_running_loop().time() + self._seconds
        arrived = False

        async def in_time() -> ReceiveMessage:
            nonlocal arrived
            if arrived:
                return await receive()  # what comes now is only that the reader has left
            try:
                async with asyncio.timeout_at(ends):
                    message = await receive()
            except TimeoutError:
                raise Refused(TOO_SLOW, _SLOW) from None
            if message["type"] != "http.request":
                raise Refused(BAD_REQUEST, _CUT_OFF)  # the reader has left; the answer only ends the work
            arrived = not message.get("more_body", False)
            return message

        await self.app(scope, in_time, send)
