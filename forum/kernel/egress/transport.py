"""The door for libraries that speak httpx2."""

import ssl

import httpx2

from forum.kernel.egress import MAX_BYTES, TOTAL_SECONDS, ConnectionLost, Failed, Resolver, TimedOut
from forum.kernel.egress.calling import Call
from forum.kernel.egress.networks import Allowance


class Transport(httpx2.BaseTransport):
    """Carries a library's requests under our rules; what we raise becomes what httpx2 would raise, with ours as its cause."""

    def __init__(
        self,
        allow: Allowance,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        *,
        seconds: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._seconds, self._max_bytes = seconds, max_bytes
        self._allow = allow
        self._resolve = resolve
        self._tls = tls

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.ConnectError (refused, or no connection), ReadError (lost under way), ConnectTimeout, ReadTimeout."""
        call = Call(self._allow, self._resolve, self._tls, seconds=self._seconds, max_bytes=self._max_bytes)
        try:
            return call.response(request)
        except Failed as error:
            raise _as_httpx2(error)(str(error), request=request) from error


def _as_httpx2(error: Failed) -> type[httpx2.TransportError]:
    if isinstance(error, TimedOut):
        return httpx2.ReadTimeout if error.sent else httpx2.ConnectTimeout
    return httpx2.ReadError if isinstance(error, ConnectionLost) and error.sent else httpx2.ConnectError
