"""Passwords: argon2id with capped input and capped concurrency, so that signing in can be made slow for nobody else."""

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from forum.kernel.errors import N_, Invalid, TooMany

SHORTEST, LONGEST_BYTES = 10, 128
_AT_ONCE = 2  # each hash takes some 64 MiB and tens of milliseconds of a core
_PATIENCE = 5.0  # seconds

_hasher = PasswordHasher()  # argon2-cffi's defaults: RFC 9106's low-memory profile
_turns = threading.BoundedSemaphore(_AT_ONCE)


def checked(password: str) -> str:
    """A password that may be set.

    Raises:
        Invalid: too short or too long.
    """
    if len(password) < SHORTEST:
        raise Invalid({"password": N_("Use at least 10 characters. A sentence is good.")})
    if len(password.encode()) > LONGEST_BYTES:
        raise Invalid({"password": N_("Use at most 128 characters.")})
    return password


def hashed(password: str) -> str:
    """The argon2 hash to keep."""
    with _turn():
        return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one that was hashed. Without a hash the same work is done, so that time tells nothing."""
    if len(password.encode(errors="replace")) > LONGEST_BYTES:
        password, password_hash = "", None
    with _turn():
        try:
            _hasher.verify(password_hash or _nobody, password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def _shape_of_a_hash() -> str:
    """What looks like a hash made just like all others, and is none of any password.

    To verify against it takes as long; to make it takes no time and no memory, so that starting does not cost 64 MiB.
    """
    salt, digest = (_encoded(secrets.token_bytes(length)) for length in (_hasher.salt_len, _hasher.hash_len))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _encoded(random: bytes) -> str:
    return base64.b64encode(random).decode("ascii").rstrip("=")


_nobody = _shape_of_a_hash()


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_PATIENCE):
        raise TooMany(N_("Many people are signing in just now. Try again in a moment."), retry_after=10)
    try:
        yield
    finally:
        _turns.release()
