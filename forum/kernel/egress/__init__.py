"""The one way out: every HTTP request whose address comes from a person, an admin page or a remote answer.

A name is resolved once, every address that it has is checked, and the connection goes to a checked address itself, so that nothing
can change between looking and calling. The whole call has one deadline and one size. A redirect is an answer like any other;
cookies, proxies and second uses of a connection do not exist.

What went wrong tells whether a byte of the request had left (`sent`): what may have arrived must be looked for before it is repeated.

`networks` knows which addresses are out of bounds, `calling` speaks HTTP and is loaded by the first call, `transport` lends the same
to libraries that speak httpx2.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import msgspec

from forum.kernel.egress.networks import Allowance
from forum.kernel.errors import N_, Text

if TYPE_CHECKING:
    import ssl

    from forum.kernel.egress.transport import Transport

MAX_BYTES = 5 * 1024 * 1024
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0

Resolver = Callable[[str, int], Sequence[str]]
"""A name and a port to the addresses behind it; raises OSError if there are none."""


class Answer(msgspec.Struct, frozen=True):
    """What came back, whatever its status. Header names are found in any case; the body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Failed(Exception):
    """No answer. `sent` is False only if not a byte of the request has left."""

    default = N_("The call failed.")

    def __init__(self, text: Text | str | None = None, *, sent: bool = False) -> None:
        self.text = text if isinstance(text, Text) else Text(text or self.default)
        self.sent = sent
        super().__init__(str(self.text))


class Refused(Failed):
    """We do not call this address. Nothing was sent, and trying again will not help."""

    default = N_("This address may not be called.")


class TimedOut(Failed):
    """The deadline passed."""

    default = N_("There was no answer in time.")


class ConnectionLost(Failed):
    """There was no connection, or it broke."""

    default = N_("The connection was lost.")


class BadAnswer(ConnectionLost):
    """The request arrived, and what came back cannot be taken: too large, or garbled. Always `sent`."""

    default = N_("The answer cannot be read.")


class HasAllowance(Protocol):
    """What of the settings matters here."""

    @property
    def egress_allow(self) -> tuple[str, ...]: ...


class Client:
    """Calls out. One per process is enough; threads may share it, because each call has a connection of its own.

    `resolve` and `tls` are for tests: another resolver, other certificates to trust.
    """

    def __init__(
        self,
        allow: HasAllowance | Iterable[str] = (),
        *,
        resolve: Resolver | None = None,
        tls: "ssl.SSLContext | None" = None,
    ) -> None:
        self._allow = Allowance(allow if isinstance(allow, Iterable) else allow.egress_allow)
        self._resolve = resolve
        self._tls = tls

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> Answer:
        """Call, and wait at most `timeout` seconds for the whole answer (of these, 5 for the connection).

        Raises:
            Refused: the address is not allowed or not well-formed; nothing was sent.
            TimedOut: the deadline passed; `sent` tells whether the request had begun to leave.
            ConnectionLost: no connection (`sent` is False) or a broken one. Its kind BadAnswer: the answer is over `max_bytes`
                when unpacked, or garbled.
        """
        from forum.kernel.egress import calling

        call = calling.Call(self._allow, self._resolve, self._tls, seconds=timeout, max_bytes=max_bytes)
        return call.answer(method, url, headers or {}, content)

    def check(self, url: str) -> None:
        """Refuse an address now that `request` would refuse later; for forms in which one is typed. Calls nobody.

        Raises:
            Refused: as `request`.
            ConnectionLost, TimedOut: its name cannot be resolved at present.
        """
        from forum.kernel.egress import calling

        calling.Call(self._allow, self._resolve, self._tls, seconds=CONNECT_SECONDS).check(url)

    @property
    def transport(self) -> "Transport":
        """For libraries that speak httpx2: `httpx2.Client(transport=client.transport)`. The same rules, httpx2's exceptions."""
        return self.lend()

    def lend(self, *, seconds: float = TOTAL_SECONDS, max_bytes: int = MAX_BYTES) -> "Transport":
        """A transport with limits of its own for each call; see `failures`."""
        from forum.kernel.egress.transport import Transport

        return Transport(self._allow, self._resolve, self._tls, seconds=seconds, max_bytes=max_bytes)


@contextmanager
def failures() -> Iterator[None]:
    """Around a library's call with a lent transport: what we refused or lost is raised as ours again, not as the library's.

    Raises:
        Failed: as `Client.request`.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error.__cause__, Failed):
            raise error.__cause__ from error
        raise
