"""A small help desk on loopback, of the weakest kind there is: it numbers its records itself and refuses no second one.

It commits first and answers then, and can be told to cut the line before either, which is how doubles come about.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from crm_sync.connectors import Setup
from crm_sync.ports import (
    ArticleRecord,
    Case,
    Document,
    Found,
    Gone,
    Health,
    IdeaRecord,
    Key,
    Kind,
    Later,
    Link,
    Receipt,
    Traits,
    Unsure,
)
from forum.kernel import egress
from forum.kernel.errors import Text

Cut = Literal["before", "after"]


class Desk:
    """Its records by number, and the cuts to come."""

    def __init__(self) -> None:
        self.url = ""
        self.records: dict[int, dict[str, Any]] = {}
        self.cuts: list[Cut | None] = []
        self.merged: dict[int, int] = {}
        self.calls: list[str] = []
        self.guard = threading.Lock()

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any] | None:
        """What to answer; None cuts the line."""
        with self.guard:
            self.calls.append(method)
            cut = self.cuts.pop(0) if self.cuts and method != "GET" else None
            if cut == "before":
                return None
            answer = self._done(method, target, body)
            return None if cut == "after" else answer

    def _done(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        if method == "GET":
            (key,) = parse_qs(urlsplit(target).query)["key"]
            return 200, [number for number, record in self.records.items() if record["key"] == key]
        if method == "POST":
            number = 1 + max(self.records, default=0)
            self.records[number] = json.loads(body)
            return 201, number
        number = int(target.rsplit("/", 1)[1])
        if number in self.merged:
            return 404, self.merged[number]
        if number not in self.records:
            return 404, None
        self.records[number] = json.loads(body)
        return 200, number


class DeskConnector:
    """A connector of strength F."""

    def __init__(self, setup: Setup, settle_time: timedelta = timedelta(0)) -> None:
        self.traits = Traits(create="F", settle_time=settle_time)
        self._setup = setup

    def check(self) -> Health:
        return Health(who="desk", text=Text("There."))

    def find(self, kind: Kind, key: Key) -> Sequence[Found]:
        numbers = self._call("GET", f"/records?key={quote(str(key))}", b"")
        return [Found(remote_id=str(number)) for number in numbers]

    def put_case(self, case: Case, at: Link | None, key: Key) -> Receipt:
        return self._put(case, at, key)

    def put_idea(self, idea: IdeaRecord, at: Link | None, key: Key) -> Receipt:
        return self._put(idea, at, key)

    def put_article(self, article: ArticleRecord, at: Link | None, key: Key) -> Receipt:
        return self._put(article, at, key)

    def withdraw(self, kind: Kind, at: Link | None, key: Key) -> Receipt:
        return self._put(None, at, key)

    def _put(self, document: Document | None, at: Link | None, key: Key) -> Receipt:
        body = msgspec.json.encode({"key": str(key), "event": key.event, "record": document})
        if at is None:
            return Receipt(remote_id=str(self._call("POST", "/records", body)), outcome="created")
        number = self._call("PUT", f"/records/{at.remote_id}", body)
        return Receipt(remote_id=str(number), outcome="updated" if document else "withdrawn")

    def _call(self, method: str, target: str, body: bytes) -> Any:
        try:
            answer = self._setup.egress.request(
                method, self._setup.config["url"] + target, headers={}, content=body, timeout=5, max_bytes=10_000
            )
        except egress.Failed as error:
            if error.sent:
                raise Unsure() from error
            raise Later(scope="endpoint") from error
        said = json.loads(answer.body)
        if answer.status == 404:
            raise Gone(merged_into=None if said is None else str(said))
        return said


class _Handler(BaseHTTPRequestHandler):
    desk: Desk

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        answer = self.desk.answer(self.command, self.path, body)
        if answer is None:
            self.close_connection = True
            return
        said = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = _take

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Say nothing."""


@contextmanager
def running() -> Iterator[Desk]:
    """A desk on a loopback port."""
    desk = Desk()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"desk": desk}))
    desk.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
