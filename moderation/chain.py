"""The public log's format, fixed from its first entry. Pure functions, so that anybody can check the log with them.

Each field is written as its length (four bytes, big-endian) and its bytes, so that no two entries can look alike. What may
have to be redacted enters only through a commitment: SHA-256 of a random salt with the text and the reference to its target.
Deleting salt, text and reference leaves the entry verifiable and tells nothing about them.

What the chain proves: nobody can change or drop an entry without changing all later hashes, which others hold copies of. What
it does not prove: that the entry was true when it was written, or that nothing was done outside of it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from forum.kernel.db import to_micros

GENESIS = bytes(32)
SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The part of a log entry that is public for ever."""

    number: int
    previous: bytes
    at: datetime
    action: str
    rule: str
    reason_code: str
    role: str
    automated: bool
    target_kind: str
    commitment: bytes


def new_salt() -> bytes:
    """32 random bytes: without them nobody can guess a redacted text by trying."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(*, salt: bytes, text: str, target_kind: str, target_id: int) -> bytes:
    """SHA-256 over the salt, the text and the reference, length-prefixed."""
    return hashlib.sha256(salt + _prefixed(text.encode()) + _prefixed(f"{target_kind}:{target_id}".encode())).digest()


def entry_hash(entry: Entry) -> bytes:
    """SHA-256 over the entry's fields in the order of the class."""
    fields = (
        str(entry.number).encode(),
        entry.previous,
        str(to_micros(entry.at)).encode(),
        entry.action.encode(),
        entry.rule.encode(),
        entry.reason_code.encode(),
        entry.role.encode(),
        b"1" if entry.automated else b"0",
        entry.target_kind.encode(),
        entry.commitment,
    )
    return hashlib.sha256(b"".join(_prefixed(field) for field in fields)).digest()


def _prefixed(field: bytes) -> bytes:
    return len(field).to_bytes(4, "big") + field
