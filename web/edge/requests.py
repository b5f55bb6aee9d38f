"""The outermost layers: a request's id, its one log line, its figures, and the net that catches every error."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

import structlog

from web.edge.asgi import HTTPApp, HTTPScope, Message, Receive, Send
from web.edge.visit import Visit, visit_in

_log = structlog.get_logger("loggia.access")
ABORTED = 499  # the reader hung up; nginx's number, which no answer ever carries

LEFT_OUT = "…"  # what stands in the log for a part of an address that is not told

Watch = Callable[[HTTPScope, Visit, int, float], None]
"""Told of each finished request: its scope, visit, status and seconds."""


class Sendable(Protocol):
    """A whole answer."""

    async def send(self, send: Send) -> None: ...


class Answering(Protocol):
    """Turns an error into an answer; `web.errors` does."""

    def answer(self, error: Exception, scope: HTTPScope) -> Sendable: ...


class Requests:
    """Makes the visit, names it, and when it is over tells the log and the figures."""

    def __init__(self, app: HTTPApp, *, watch: Watch) -> None:
        self.app = app
        self._watch = watch
        self._numbers = itertools.count(1)
        self._prefix = ""
        self._process = 0

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        visit = Visit(self._new_id(), _peer(scope))
        # A state of its own: servers hand the same one to every request, and the framework keeps things in it.
        cast("dict[str, Any]", scope)["state"] = {**scope.get("state", {}), "visit": visit}
        status = ABORTED

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", visit.id.encode("ascii"))]
            await send(message)

        try:
            await self.app(scope, receive, named)
        finally:
            self._tell(scope, visit, status)

    def _new_id(self) -> str:
        if self._process != os.getpid():  # also after a fork: two processes never share a prefix
            self._process, self._prefix = os.getpid(), secrets.token_hex(4)
        return f"{self._prefix}-{next(self._numbers):x}"

    def _tell(self, scope: HTTPScope, visit: Visit, status: int) -> None:
        seconds = time.perf_counter() - visit.started
        self._watch(scope, visit, status, seconds)
        _log.info(
            "request",
            id=visit.id,
            method=scope["method"],
            path=told(scope, visit),
            status=status,
            ms=round(seconds * 1000, 2),
            client=visit.client or visit.peer,
            member=visit.actor.member_id if visit.actor else None,
            cache=visit.cache or None,
        )


def told(scope: HTTPScope, visit: Visit) -> str:
    """The path as the log may keep it: the words of the route and numbers.

    Whatever else stands in an address is left out, for it may be the title of a private thread, or a mailed key, which is as
    good as a password. Where no route is known (refused at the edge, or there is none) the first part alone is told.
    """
    route = (visit.label or scope.get("path_template") or "").split("/")[1:]
    parts = scope["path"].split("/")[1:]
    known = route if len(route) == len(parts) else parts[:1]
    shown = (part if part.isdecimal() or part in known[at : at + 1] else LEFT_OUT for at, part in enumerate(parts))
    return "/" + "/".join(shown)


def _peer(scope: HTTPScope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


class Barrier:
    """Nothing raised below gets past: it becomes an answer, unless one has begun; then the connection is cut."""

    def __init__(self, app: HTTPApp, errors: Answering) -> None:
        self.app = app
        self._errors = errors

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            if begun:
                _log.error("failed while answering", id=visit_in(scope).id, exc_info=error)
                raise
            await self._errors.answer(error, scope).send(send)
