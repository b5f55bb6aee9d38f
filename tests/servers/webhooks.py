"""Somebody else's HTTP server on loopback: records every request, and misbehaves as it is told."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request as it came; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to answer. `cut` closes the connection after the request was read; `hang` keeps it open, saying nothing."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hang: bool = False


CUT = Answer(cut=True)
HANG = Answer(hang=True)


class Receiver:
    """The recorded requests, and the answers to come: first those queued by `next_answers`, then `answer` for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.answer = Answer()
        self._queued: list[Answer] = []
        self._changed = threading.Condition()
        self._released = threading.Event()

    def next_answers(self, *answers: Answer) -> None:
        """Give these, one request each, before going back to `answer`."""
        with self._changed:
            self._queued.extend(answers)

    def clear(self) -> None:
        """Forget what came and what was ordered, and let go of everybody who was kept hanging."""
        self.release()
        with self._changed:
            self.received.clear()
            self._queued.clear()
            self.answer = Answer()
            self._released = threading.Event()

    def release(self) -> None:
        """Close the connections that `HANG` holds open."""
        self._released.set()

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """The requests, as soon as there are `count`. Raises AssertionError if they do not come in time."""
        until = time.monotonic() + seconds
        with self._changed:
            while len(self.received) < count:
                self._changed.wait(max(0.0, until - time.monotonic()))
                assert time.monotonic() < until, f"{len(self.received)} of {count} requests came within {seconds} s"
            return list(self.received)

    def record(self, request: Received) -> Answer:
        with self._changed:
            self.received.append(request)
            self._changed.notify_all()
            return self._queued.pop(0) if self._queued else self.answer

    def hold(self) -> None:
        self._released.wait()


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        # A client that gives up in the middle is what many tests are about; it is no error of this server.
        with suppress(ConnectionError):
            super().handle_one_request()

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.receiver.record(Received(self.command, self.path, headers, body))
        if answer.hang:
            self.receiver.hold()
        if answer.hang or answer.cut:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _take

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Say nothing: the test reads `received`."""


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver on a loopback port, with a thread for each connection."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": receiver}))
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.release()
        server.shutdown()
        thread.join()
        server.server_close()
