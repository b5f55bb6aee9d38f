"""A mail server that accepts everything and keeps it for the test to read."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers import free_port

TRIES = 5


@dataclass(frozen=True)
class Received:
    """One mail: the envelope's addresses, which need not be the header's, and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


class Sink:
    """What came in, in order. `refuse_with` makes every further mail fail with that answer, as "451 Try later"."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.refuse_with: str | None = None

    def clear(self) -> None:
        self.received.clear()
        self.refuse_with = None

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """The mails, as soon as there are `count`. Raises AssertionError if they do not come in time."""
        until = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count} mails came within {seconds} s"
            time.sleep(0.01)
        return self.received

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse_with is not None:
            return self.refuse_with
        message = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        self.received.append(Received(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 Kept"


@contextmanager
def running() -> Iterator[Sink]:
    """A sink on a loopback port, in a thread of its own."""
    sink = Sink()
    controller = _started(sink)
    sink.url = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield sink
    finally:
        controller.stop()


def _started(sink: Sink) -> Controller:
    for turn in range(TRIES):
        controller = Controller(sink, hostname="127.0.0.1", port=free_port())
        try:
            controller.start()
        except OSError:
            if turn == TRIES - 1:
                raise
        else:
            return controller
    raise AssertionError("unreachable")
