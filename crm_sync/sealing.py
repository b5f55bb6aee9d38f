"""Secrets of connections at rest: a list of them, sealed as `forum.kernel.sealing` does, bound to their connection."""

from datetime import datetime

import msgspec

from forum.kernel import sealing
from forum.kernel.sealing import CannotOpen

__all__ = ["CannotOpen", "Secret", "seal", "unseal", "valid"]
_PURPOSE = "crm_sync"


class Secret(msgspec.Struct, frozen=True):
    """One secret. `until` ends it while its successor is already in use; it never shows itself."""

    value: str
    until: datetime | None = None

    def __repr__(self) -> str:
        return "Secret(•••)"


def seal(kept: list[Secret], *, secret_key: str, bound_to: str) -> str:
    """The secrets as a text for the database."""
    return sealing.seal(msgspec.json.encode(kept), secret_key=secret_key, purpose=_PURPOSE, bound_to=bound_to)


def unseal(sealed: str | None, *, secret_key: str, bound_to: str) -> list[Secret]:
    """The secrets again, the newest first; none for a connection that has none.

    Raises:
        CannotOpen: see there.
    """
    if sealed is None:
        return []
    plain = sealing.unseal(sealed, secret_key=secret_key, purpose=_PURPOSE, bound_to=bound_to)
    return msgspec.json.decode(plain, type=list[Secret])


def valid(kept: list[Secret], moment: datetime) -> tuple[str, ...]:
    """Those that may be used at a moment, the newest first."""
    return tuple(secret.value for secret in kept if secret.until is None or moment < secret.until)
