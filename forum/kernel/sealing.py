"""Secrets at rest: sealed under the installation's key, for one purpose, bound to the one thing they belong to.

AES-256-GCM with a fresh nonce each; the key is derived with HKDF-SHA256 (RFC 5869) from the installation's secret key and the
purpose. What is sealed for one thing cannot be opened as another's.
"""

import base64
import binascii
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "1:"
_NONCE = 12


class CannotOpen(Exception):
    """The sealed text was damaged, belongs elsewhere, or the installation's secret key was changed."""


def seal(plain: bytes, *, secret_key: str, purpose: str, bound_to: str) -> str:
    """The secret as a text for the database."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(secret_key, purpose).encrypt(nonce, plain, bound_to.encode())
    return _VERSION + base64.b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, secret_key: str, purpose: str, bound_to: str) -> bytes:
    """The secret again.

    Raises:
        CannotOpen: see there.
    """
    from cryptography.exceptions import InvalidTag  # heavy, and only few processes and pages need it

    try:
        raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
        return _cipher(secret_key, purpose).decrypt(raw[:_NONCE], raw[_NONCE:], bound_to.encode())
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise CannotOpen from error


def _cipher(secret_key: str, purpose: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"loggia/{purpose}/secrets/1".encode()
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key.encode()))
