"""Requests straight into the application: no socket, no thread of a client, one loop that stays. For tests that send very many."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from tests.web.edging import RawAnswer, _ask
from web.app import Edge

HERE = "http://127.0.0.1:8000"
_HOST = (b"host", b"127.0.0.1:8000")


def tell(figures: str) -> None:
    """Say what was tried, for whoever runs pytest with -s or -rP."""
    sys.stdout.write(figures + "\n")


class Wire:
    """Asks one application. `close()` ends the loop and the database's connections."""

    def __init__(self, app: Edge) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self.sent = 0

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> RawAnswer:
        """One request; `url` is a path with its query, quoted, or a whole address."""
        return self._loop.run_until_complete(self._asking(method, url, headers, body))

    def ask_at_once(self, requests: Sequence[tuple[str, str, Mapping[str, str], bytes]]) -> list[RawAnswer]:
        """Requests that are all under way before the first is answered: method, address, header fields, body."""

        async def together() -> list[RawAnswer]:
            return await asyncio.gather(*(self._asking(*request) for request in requests))

        return self._loop.run_until_complete(together())

    async def _asking(
        self, method: str, url: str, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes
    ) -> RawAnswer:
        parts = urlsplit(url)
        fields = headers.items() if isinstance(headers, Mapping) else headers
        scope = _scope(method, parts.path, parts.query, [(name.lower(), value) for name, value in fields], body)
        self.sent += 1
        return await _ask(self.app, scope, [body])

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self.app.site.state["loggia"].db.dispose()


def _scope(method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
    left_out = ("host", "content-length")
    fields = [
        (name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers if name not in left_out
    ]
    if body:
        fields.append((b"content-length", str(len(body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "method": method,
        # as servers do: what is not UTF-8 becomes a mark
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": [_HOST, *fields],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
