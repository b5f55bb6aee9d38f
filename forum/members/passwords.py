"""Passwords: argon2id with capped input and capped concurrency, so that signing in can be made slow for nobody else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from forum.kernel.errors import N_, Invalid, TooMany

SHORTEST, LONGEST_BYTES = 10, 128
_AT_ONCE = 2  # each hash takes some 64 MiB and tens of milliseconds of a core
_PATIENCE = 5.0  # seconds

_hasher = PasswordHasher()  # argon2-cffi's defaults: RFC 9106's low-memory profile
_turns = threading.BoundedSemaphore(_AT_ONCE)
_nobody = _hasher.hash("nobody has this password")


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


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_PATIENCE):
        raise TooMany(N_("Many people are signing in just now. Try again in a moment."), retry_after=10)
    try:
        yield
    finally:
        _turns.release()
