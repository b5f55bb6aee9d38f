"""The session cookie: reading it, giving it out, taking it back.

The cookie is an opaque random token. The table `sign_in` holds its SHA-256 alone, and `web.identity` looks it up when a
handler first asks who is there. A token that the table does not know is taken back, never adopted; every sign-in and every
change of rights makes a new one. So nobody can choose another's session, before or after they sign in.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from threading import Lock

from sqlalchemy.orm import Session

from web.edge.asgi import HTTPApp, HTTPScope, Message, Receive, Send
from web.edge.cookies import FORM, SESSION
from web.edge.visit import HasScope, Visit, visit_in, visit_of

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")
_MOST_KNOWN = 10_000


def issue(request: HasScope, token: str) -> None:
    """Give the browser the token that signing in has just made, and forget what it held before."""
    visit = visit_of(request)
    visit.actor = None
    visit.new_cookies += [SESSION.spelled(token, https=visit.https), FORM.taken_back(https=visit.https)]


def forget(request: HasScope) -> None:
    """Make the browser forget its session. The row in the table is revoked by whoever signs out."""
    take_back(visit_of(request))


def take_back(visit: Visit) -> None:
    visit.token, visit.actor = None, None
    visit.new_cookies.append(SESSION.taken_back(https=visit.https))


class KnownTokens:
    """Whose token was seen lately, so that limits count by member before anything is looked up. Never a proof of identity."""

    def __init__(self) -> None:
        self._members: OrderedDict[str, int] = OrderedDict()
        self._noted_at: dict[str, float] = {}
        self._lock = Lock()

    def note(self, token: str, member_id: int) -> None:
        with self._lock:
            self._members[token] = member_id
            self._members.move_to_end(token)
            if len(self._members) > _MOST_KNOWN:
                oldest, _ = self._members.popitem(last=False)
                self._noted_at.pop(oldest, None)

    def member(self, token: str) -> int | None:
        return self._members.get(token)

    def is_due(self, token: str, now: float, *, every: float) -> bool:
        """Whether this process has not said yes for this token within so many seconds."""
        with self._lock:
            due = now - self._noted_at.get(token, -every) >= every
            if due and token in self._members:
                self._noted_at[token] = now
        return due


Write = Callable[[Session], None]


class Sessions:
    """Sends the cookies that a handler made. When the answer has left, `write` does what was put off until then."""

    def __init__(self, app: HTTPApp, *, write: Callable[[Write], Awaitable[None]]) -> None:
        self.app = app
        self._write = write

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        visit = visit_in(scope)

        async def with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and visit.new_cookies:
                new = [(b"set-cookie", cookie) for cookie in visit.new_cookies]
                message["headers"] = [*message["headers"], *new]
            await send(message)

        await self.app(scope, receive, with_cookies)
        if visit.afterwards is not None:
            await self._write(visit.afterwards)


def read_credentials(visit: Visit) -> None:
    """Find whom the request claims to come from. A bearer token makes the cookies count for nothing."""
    scheme, _, value = visit.headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        visit.bearer = value.strip().decode("latin-1")
        return
    token = visit.cookies.get(SESSION.name, "")
    visit.token = token if _TOKEN.fullmatch(token) else None
    form_key = visit.cookies.get(FORM.name, "")
    visit.form_key = form_key if _TOKEN.fullmatch(form_key) else None
