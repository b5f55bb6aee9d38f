"""Which site was asked for, by whom, and through which proxy.

The site has one address, `LOGGIA_BASE_URL`, and every address it writes is made from that. What a request says about the
host is only compared with it. Forwarded fields count when the connection comes from a trusted proxy, else they are noise.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from forum.kernel.errors import N_, Text
from web.edge.asgi import HTTPApp, HTTPScope, Message, Receive, ReceiveMessage, Send
from web.edge.visit import Visit, visit_in
from web.problems import WRONG_HOST, Refused

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORWARDING = frozenset(
    (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"x-real-ip", b"via")
)
_WRONG = Text(N_("This site does not answer at that address."))


def own_origins(base_url: str) -> frozenset[str]:
    """The origins that are this site: the configured one, and on loopback its other names."""
    parts = urlsplit(base_url.lower())
    if _bracketed(parts.hostname or "") not in LOOPBACK_NAMES:
        return frozenset({f"{parts.scheme}://{parts.netloc}"})
    port = f":{parts.port}" if parts.port else ""
    return frozenset(f"{parts.scheme}://{name}{port}" for name in LOOPBACK_NAMES)


def own_hosts(base_url: str) -> frozenset[bytes]:
    """The `Host` fields that are this site, the scheme's own port spelled or not."""
    hosts: set[str] = set()
    for origin in own_origins(base_url):
        parts = urlsplit(origin)
        default = _DEFAULT_PORTS[parts.scheme]
        name = _bracketed(parts.hostname or "")
        hosts |= {name, f"{name}:{default}"} if (parts.port or default) == default else {f"{name}:{parts.port}"}
    return frozenset(host.encode("ascii") for host in hosts)


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


class Proxies:
    """The proxies that may speak for others."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in networks]
        self.trusts = lru_cache(4096)(self._trusts)
        self.client = lru_cache(4096)(self._client)

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self._networks)

    def _client(self, peer: str, forwarded_for: bytes) -> str:
        """Who asks: walking from us outward, the first that is no proxy of ours. What stands further left is hearsay."""
        address = peer
        for hop in reversed(forwarded_for.decode("latin-1").split(",")):
            if not self.trusts(address):
                break
            address = _plain_address(hop.strip()) or address
        return address


def _plain_address(text: str) -> str:
    """An address without port and brackets; empty if it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


class HostCheck:
    """Answers for this site's own address only, and finds out who asks."""

    def __init__(self, app: HTTPApp, *, base_url: str, proxies: Proxies, open_paths: frozenset[str]) -> None:
        self.app = app
        self._hosts = own_hosts(base_url)
        self._proxies = proxies
        self._open_paths = (
            open_paths  # probes of load balancers, which ask by number; nothing they get depends on the host
        )

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        visit = visit_in(scope)
        host = self._host_asked_for(visit)
        if host not in self._hosts and host.lower() not in self._hosts and scope["path"] not in self._open_paths:
            raise Refused(WRONG_HOST, _WRONG)
        await self.app(scope, receive, send)

    def _host_asked_for(self, visit: Visit) -> bytes:
        headers = visit.headers
        visit.client = visit.peer
        trusted = self._proxies.trusts(visit.peer)
        if trusted:
            visit.client = self._proxies.client(visit.peer, headers.get(b"x-forwarded-for", b""))
        visit.direct = _FORWARDING.isdisjoint(headers)
        named = headers.get(b"x-forwarded-host") if trusted else None
        return headers.get(b"host", b"") if named is None else named


class HeadAsGet:
    """Answers HEAD with what GET would say, and no body."""

    def __init__(self, app: HTTPApp) -> None:
        self.app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        done = False

        async def without_body(message: Message) -> None:
            nonlocal done
            if message["type"] == "http.response.start":
                done = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def until_done() -> ReceiveMessage:
            # A stream would go on for ever; to whoever makes it, this reader has left.
            return {"type": "http.disconnect"} if done else await receive()

        as_get: HTTPScope = {**scope, "method": "GET"}
        await self.app(as_get, until_done, without_body)
