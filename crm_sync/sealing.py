"""Secrets at rest: sealed under the installation's key, bound to the connection they belong to.

AES-256-GCM with a fresh nonce each; the key is derived with HKDF-SHA256 (RFC 5869) from the installation's secret key. What is
sealed for one connection cannot be opened as another's.
"""

import base64
import binascii
import os
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "1:"
_NONCE = 12


class CannotOpen(Exception):
    """The sealed text was damaged, belongs elsewhere, or the installation's secret key was changed."""


class Secret(msgspec.Struct, frozen=True):
    """One secret. `until` ends it while its successor is already in use; it never shows itself."""

    value: str
    until: datetime | None = None

    def __repr__(self) -> str:
        return "Secret(•••)"


def seal(kept: list[Secret], *, secret_key: str, bound_to: str) -> str:
    """The secrets as a text for the database."""
    nonce = os.urandom(_NONCE)
    return (
        _VERSION
        + base64.b64encode(
            nonce + _cipher(secret_key).encrypt(nonce, msgspec.json.encode(kept), bound_to.encode())
        ).decode()
    )


def unseal(sealed: str | None, *, secret_key: str, bound_to: str) -> list[Secret]:
    """The secrets again, the newest first; none for a connection that has none.

    Raises:
        CannotOpen: see there.
    """
    if sealed is None:
        return []
    from cryptography.exceptions import InvalidTag  # heavy, and only the worker and /admin need it

    try:
        raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
        plain = _cipher(secret_key).decrypt(raw[:_NONCE], raw[_NONCE:], bound_to.encode())
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise CannotOpen from error
    return msgspec.json.decode(plain, type=list[Secret])


def valid(kept: list[Secret], moment: datetime) -> tuple[str, ...]:
    """Those that may be used at a moment, the newest first."""
    return tuple(secret.value for secret in kept if secret.until is None or moment < secret.until)


def _cipher(secret_key: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(
        HKDF(algorithm=SHA256(), length=32, salt=None, info=b"loggia/crm_sync/secrets/1").derive(secret_key.encode())
    )
