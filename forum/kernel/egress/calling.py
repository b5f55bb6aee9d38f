"""One call over HTTP/1.1: its own connection to an address that was checked, its own deadline, its own measure of the answer."""

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from typing import Any

import httpcore2
import httpx2

from forum.kernel.egress import (
    CONNECT_SECONDS,
    MAX_BYTES,
    Answer,
    BadAnswer,
    ConnectionLost,
    Failed,
    Refused,
    Resolver,
    TimedOut,
)
from forum.kernel.egress.networks import Allowance, leads_inward
from forum.kernel.errors import N_, Text

_PORTS = {"http": 80, "https": 443}
_OWN_HEADERS = {"user-agent": "Loggia", "accept": "*/*"}
_PACKED = {"gzip", "x-gzip", "deflate"}
_GONE_AFTER_UNPACKING = ("content-encoding", "content-length", "transfer-encoding")


class Call:
    """One call. Not to be used twice: `sent` and the deadline belong to it."""

    def __init__(
        self,
        allow: Allowance,
        resolve: Resolver | None,
        tls: ssl.SSLContext | None,
        *,
        seconds: float,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.sent = False
        self.host = ""
        self._allow = allow
        self._resolve = resolve or _system_addresses
        self._tls = tls
        self._until = time.monotonic() + seconds
        self._max_bytes = max_bytes

    def answer(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """Raises Refused, TimedOut, ConnectionLost."""
        self._parse(url)
        try:
            request = httpx2.Request(method, url, headers=headers, content=content or None)
        except (ValueError, TypeError) as error:  # UnicodeError among them
            raise Refused(N_("This request cannot be sent as it is.")) from error
        response = self.response(request)
        return Answer(response.status_code, response.headers, response.content)

    def check(self, url: str) -> None:
        """Raises Refused; TimedOut or ConnectionLost if the name cannot be resolved."""
        parsed = self._parse(url)
        self.addresses(self.host, parsed.port or _PORTS[parsed.scheme])

    def response(self, request: httpx2.Request) -> httpx2.Response:
        """The whole response, unpacked. Raises as `answer`."""
        url = self._parse(str(request.url))
        try:
            return self._called(request, url)
        except Failed:
            raise
        except httpcore2.TimeoutException as error:
            raise TimedOut(Text(N_("%(host)s did not answer in time."), host=self.host), sent=self.sent) from error
        except httpcore2.LocalProtocolError as error:
            kind = ConnectionLost if self.sent else Refused
            raise kind(N_("This request cannot be sent as it is."), sent=self.sent) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            lost = N_("The connection to %(host)s was lost.") if self.sent else N_("%(host)s cannot be reached.")
            raise ConnectionLost(Text(lost, host=self.host), sent=self.sent) from error

    def _called(self, request: httpx2.Request, url: httpx2.URL) -> httpx2.Response:
        headers = httpx2.Headers(_OWN_HEADERS)
        headers.update(request.headers)
        # Asked to come as it is and to end there: what is packed can be a thousand times its size.
        headers.update({"accept-encoding": "identity", "connection": "close"})
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore2.Request(
            request.method, target, headers=headers.raw, content=request.read(), extensions=_seconds(request)
        )
        with httpcore2.ConnectionPool(
            ssl_context=self._tls or _trusted(), network_backend=_Line(self), max_keepalive_connections=0
        ) as pool:
            came = pool.handle_request(asked)
            try:
                return self._taken(request, came)
            finally:
                came.close()

    def _taken(self, request: httpx2.Request, came: httpcore2.Response) -> httpx2.Response:
        headers = httpx2.Headers(came.headers)
        coding = headers.get("content-encoding", "identity").strip().lower()
        body = self._body(came.stream, coding) if request.method != "HEAD" else b""
        for name in _GONE_AFTER_UNPACKING:
            headers.pop(name, None)
        return httpx2.Response(came.status, headers=headers, content=body, request=request)

    def _body(self, stream: Any, coding: str) -> bytes:
        unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if coding in _PACKED else None
        if unpack is None and coding not in ("identity", ""):
            raise self._bad(N_("%(host)s packed its answer in a way that we did not ask for."))
        parts: list[bytes] = []
        size = 0
        for chunk in stream:
            try:
                part = chunk if unpack is None else unpack.decompress(chunk, self._max_bytes - size + 1)
            except zlib.error as error:
                raise self._bad(N_("The answer of %(host)s is garbled.")) from error
            size += len(part)
            if size > self._max_bytes:
                raise self._bad(N_("The answer of %(host)s is too large."))
            parts.append(part)
        if unpack is not None and parts and not unpack.eof:
            raise self._bad(N_("The answer of %(host)s is garbled."))
        return b"".join(parts)

    def _bad(self, msgid: str) -> BadAnswer:
        return BadAnswer(Text(msgid, host=self.host), sent=True)

    def _parse(self, text: str) -> httpx2.URL:
        """An address that every reader reads alike, or Refused."""
        bad = Refused(N_("This is not an address that can be called."))
        if any(letter <= " " or letter in "\\\x7f" for letter in text):
            raise bad
        try:
            url = httpx2.URL(text)
        except (httpx2.InvalidURL, ValueError, TypeError) as error:
            raise bad from error
        if url.scheme not in _PORTS:
            raise Refused(N_("Only addresses that begin with http:// or https:// can be called."))
        if url.userinfo:
            raise Refused(N_("Write the address without a user name and a password."))
        self.host = url.raw_host.decode("ascii")
        if not self.host or "%" in self.host or (url.port is not None and not 0 < url.port < 65536):
            raise bad
        return url

    # What the connection asks back

    def left(self, at_most: float | None = None) -> float:
        """Seconds until the deadline. Raises TimedOut when it has passed."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimedOut(Text(N_("%(host)s did not answer in time."), host=self.host), sent=self.sent)
        return left if at_most is None else min(left, at_most)

    def addresses(self, host: str, port: int) -> list[str]:
        """Where this name leads, if each of its addresses may be called. One that may not spoils all."""
        found = list(dict.fromkeys(self._resolved(host, port)))
        if not self._allow.has_door(host, port):
            for text in found:
                address = ip_address(text)
                if leads_inward(address) and not self._allow.has_address(address):
                    inward = N_("%(host)s leads into a private network, which only LOGGIA_EGRESS_ALLOW can open.")
                    raise Refused(Text(inward, host=host))
        return found

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        """The system's resolver knows no deadline, so it works in a thread that we need not wait for."""
        found: list[Sequence[str]] = []

        def look() -> None:
            with suppress(OSError, UnicodeError):
                found.append(self._resolve(host, port))

        thread = threading.Thread(target=look, daemon=True, name="egress-resolver")
        thread.start()
        thread.join(self.left())
        if thread.is_alive():
            raise TimedOut(Text(N_("The name %(host)s could not be looked up in time."), host=host))
        if not found or not found[0]:
            raise ConnectionLost(Text(N_("There is no address for the name %(host)s."), host=host))
        return found[0]


def _seconds(request: httpx2.Request) -> dict[str, Any]:
    """A library's own limits for a single read or write, below our deadline for the whole."""
    wanted = request.extensions.get("timeout", {})
    return {"timeout": {name: wanted[name] for name in ("read", "write") if wanted.get(name)}}


class _Line(httpcore2.NetworkBackend):
    """Where a connection is made. The pool hands over the host's name; only checked addresses are dialled."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        last: OSError | None = None
        for address in self._call.addresses(host, port):
            try:
                sock = socket.create_connection((address, port), self._call.left(CONNECT_SECONDS))
            except OSError as error:
                last = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Stream(sock, self._call)
        if isinstance(last, TimeoutError):
            raise httpcore2.ConnectTimeout(str(last)) from last
        raise httpcore2.ConnectError(str(last)) from last


class _Stream(httpcore2.NetworkStream):
    """A socket whose every wait ends with the call."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self._sock = sock
        self._call = call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._sock.settimeout(self._call.left(timeout))
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            self._sock.settimeout(self._call.left(timeout))
            self._call.sent = True  # before the attempt: from here on, nobody can be sure
            try:
                rest = rest[self._sock.send(rest) :]
            except TimeoutError as error:
                raise httpcore2.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self._sock.settimeout(self._call.left(CONNECT_SECONDS))
        try:
            return _Stream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._call)
        except ssl.SSLCertVerificationError as error:
            untrusted = N_("The certificate of %(host)s is not to be trusted: %(why)s.")
            raise ConnectionLost(Text(untrusted, host=self._call.host, why=error.verify_message)) from error
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        return None


def _system_addresses(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names. Making it takes tens of milliseconds, hence once."""
    return ssl.create_default_context()
