"""A site that is asked without a socket and remembers nothing: every transaction of a handler is undone when it ends.

So thousands of requests meet one and the same world, and what a handler would have committed is still checked by the
database, for it is flushed before it is undone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from web.app import create_app
from web.edge.limits import Limits
from web.installation import STATE_KEY, Installation

HERE = "http://127.0.0.1:8000"
UNLIMITED = Limits(reading=None, writing=None, signing_in=None)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def asks_to_sign_in(self) -> bool:
        """Whether a visitor met the wall: told so, led to the sign-in page, or shown it with the way back."""
        return self.status == 401 or self.location.startswith("/login?") or 'name="carried"' in self.text


class _Undone(Exception):
    """Raised at the end of a transaction, so that nothing of it remains."""


class Forgetful(Database):
    """A database whose transactions are undone at their end."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with suppress(_Undone), super().transaction() as session:
            yield session
            session.flush()
            raise _Undone


class Asker:
    """Sends requests straight to the application. `forgets`: what they change does not stay."""

    def __init__(self, settings: Settings, *, forgets: bool) -> None:
        self.app = create_app(settings, limits=UNLIMITED)
        state = self.app.site.state
        house: Installation = state[STATE_KEY]
        self._own = [house.db]
        if forgets:
            state[STATE_KEY] = replace(house, db=Forgetful(settings.database_url))
            self._own.append(state[STATE_KEY].db)
        self._loop = asyncio.new_event_loop()
        self.asked = 0

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        for database in self._own:
            database.dispose()

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, *, form: Any = None, body: Any = None
    ) -> Answer:
        """One request; `form` is sent as a browser sends it, `body` as JSON."""
        self.asked += 1
        sent = {"host": HERE.removeprefix("http://"), **(headers or {})}
        content = b""
        if form is not None:
            content = urlencode(form, doseq=True).encode()
            sent["content-type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            content = json.dumps(body).encode()
            sent["content-type"] = "application/json"
        sent["content-length"] = str(len(content))
        return self._loop.run_until_complete(self._answer(method, path, sent, content))

    async def _answer(self, method: str, path: str, headers: dict[str, str], content: bytes) -> Answer:
        plain, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": plain, "raw_path": plain.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000), "state": {},
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": content, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)  # type: ignore[arg-type]  # a scope is a plain dict here
        found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]).decode())


_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def csrf_in(answer: Answer) -> str:
    """The token of a page's forms; empty where it has none."""
    found = _CSRF.search(answer.text)
    return found[1] if found else ""
