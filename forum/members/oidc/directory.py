"""A provider's addresses and keys: discovered, checked, and remembered for a while.

Discovery: OpenID Connect Discovery 1.0, section 4. Addresses are believed for a minute, so that a provider that went away is
noticed before a browser is sent there; keys for an hour, or until a token comes that none of them signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from forum.kernel import clock, egress
from forum.kernel.errors import N_, Text
from forum.members.oidc import Away, Trusted

SECONDS: Final = 4.0  # for one answer; somebody is waiting in front of a page
METADATA_LIFE: Final = timedelta(minutes=1)
KEYS_LIFE: Final = timedelta(hours=1)
AWAY_LIFE: Final = timedelta(seconds=5)  # so long nobody else waits for one who did not answer
MOST_BYTES: Final = 262_144
MOST_KEYS: Final = 50
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
V = TypeVar("V")


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What of a provider's description matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class KeySet(msgspec.Struct, frozen=True):
    """Public keys as they were published (RFC 7517). They are read where a token is checked."""

    keys: tuple[dict[str, Any], ...]


class _Known(msgspec.Struct, frozen=True):
    value: Any
    until: datetime


class Directory:
    """What was found out about providers; one per process, shared by its threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Known] = {}
        self._lock = Lock()

    def metadata(self, provider: Trusted, allow: tuple[str, ...]) -> Metadata:
        """A provider's addresses.

        Raises:
            Away: it does not answer, or describes itself as somebody else.
        """
        place = ("metadata", provider.issuer)
        return self._kept(provider, place, METADATA_LIFE, lambda: self._discovered(provider, allow))

    def keys(self, provider: Trusted, allow: tuple[str, ...], *, besides: KeySet | None = None) -> KeySet:
        """A provider's keys. With `besides`, others than those: they are fetched again unless somebody did so meanwhile.

        Raises:
            Away: it does not answer.
        """
        address = self.metadata(provider, allow).jwks_uri
        place = ("keys", provider.issuer, address)
        with self._lock:
            known = self._known.get(place)
            if besides is not None and known is not None and known.value is besides:
                del self._known[place]
        return self._kept(provider, place, KEYS_LIFE, lambda: self._key_set(provider, address, allow))

    def look(self, provider: Trusted, allow: tuple[str, ...]) -> Metadata:
        """Ask the provider anew, addresses and keys, whatever is remembered.

        Raises:
            Away: with the reason.
        """
        found = self._discovered(provider, allow)
        self._key_set(provider, found.jwks_uri, allow)
        return found

    def forget(self) -> None:
        """Ask everything anew from now on: a provider was described otherwise."""
        with self._lock:
            self._known.clear()

    def _kept(self, provider: Trusted, place: tuple[str, ...], life: timedelta, find: Callable[[], V]) -> V:
        with self._lock:
            known = self._known.get(place)
        if known is not None and clock.now() < known.until:
            if isinstance(known.value, Away):
                raise Away(provider, known.value.reason)
            return known.value  # type: ignore[no-any-return]
        try:
            value = find()
        except Away as away:
            self._keep(place, away, AWAY_LIFE)
            raise
        self._keep(place, value, life)
        return value

    def _keep(self, place: tuple[str, ...], value: object, life: timedelta) -> None:
        with self._lock:
            self._known[place] = _Known(value, clock.now() + life)

    def _discovered(self, provider: Trusted, allow: tuple[str, ...]) -> Metadata:
        address = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = _decoded(provider, _fetched(provider, address, allow), Metadata)
        if found.issuer != provider.issuer:
            raise Away(provider, Text(N_("It calls itself %(issuer)s."), issuer=found.issuer[:200]))
        for endpoint in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
            if endpoint is not None and not is_safe(endpoint):
                raise Away(
                    provider, Text(N_("It names the address %(address)s, which is not safe."), address=endpoint[:200])
                )
        return found

    def _key_set(self, provider: Trusted, address: str, allow: tuple[str, ...]) -> KeySet:
        found = _decoded(provider, _fetched(provider, address, allow), KeySet)
        return KeySet(found.keys[:MOST_KEYS])


def is_safe(address: str) -> bool:
    """Whether an address is one that nobody on the way can read or change: https, or this machine itself."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or any(letter <= " " for letter in address):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def client_for(provider: Trusted, allow: tuple[str, ...]) -> egress.Client:
    """The way out to a provider. The operator's own may stand in a private network; others need `LOGGIA_EGRESS_ALLOW`."""
    return egress.Client((*allow, door_of(provider.issuer)) if provider.is_from_environment else allow)


def door_of(address: str) -> str:
    """Host and port of an address, as `LOGGIA_EGRESS_ALLOW` writes them."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _fetched(provider: Trusted, address: str, allow: tuple[str, ...]) -> bytes:
    try:
        answer = client_for(provider, allow).request(
            "GET", address, headers={"accept": "application/json"}, timeout=SECONDS, max_bytes=MOST_BYTES
        )
    except egress.Failed as error:
        raise Away(provider, error.text, door=door_of(address) if isinstance(error, egress.Refused) else "") from error
    if answer.status != 200:
        raise Away(provider, Text(N_("It answered with status %(status)s."), status=answer.status))
    return answer.body


def _decoded(provider: Trusted, body: bytes, kind: type[V]) -> V:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Away(provider, N_("Its answer is not what a provider says of itself.")) from error
