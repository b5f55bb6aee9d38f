"""Pages by key: a cursor is the sort key of the last row shown, so page 10,000 costs what the first one does.

A cursor is opaque to whoever holds it and safe in an address. It is not secret and not signed: it is bound to a statement as a value
of the type that the statement expects, so a forged one shows another place of the same list, nothing else. The check in it tells a
mangled address from a good one.
"""

import hashlib
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Generic, TypeVar, overload

import msgspec

from forum.kernel.errors import N_, Invalid

T = TypeVar("T")
A = TypeVar("A", int, str, float)
B = TypeVar("B", int, str, float)
C = TypeVar("C", int, str, float)

_LONGEST = 4096
_CHECK_BYTES = 4


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `next` is the cursor of the following one, or None at the end."""

    items: tuple[T, ...]
    next: str | None = None


def encode_cursor(*parts: float | str) -> str:
    """A cursor of these parts: integers of 64 bits, texts, finite numbers.

    Raises:
        ValueError: a part that no list is sorted by; a mistake of the caller's, not of a person's.
    """
    for part in parts:
        _check_storable(part)
    packed = msgspec.msgpack.encode(parts)
    return urlsafe_b64encode(_check(packed) + packed).rstrip(b"=").decode("ascii")


@overload
def decode_cursor(text: str, a: type[A], /) -> tuple[A]: ...
@overload
def decode_cursor(text: str, a: type[A], b: type[B], /) -> tuple[A, B]: ...
@overload
def decode_cursor(text: str, a: type[A], b: type[B], c: type[C], /) -> tuple[A, B, C]: ...
def decode_cursor(text: str, *types: type[Any]) -> tuple[Any, ...]:
    """The parts of a cursor, which must be of exactly these types.

    Raises:
        Invalid: (field "cursor") it was not made by `encode_cursor`, or for another list.
    """
    refusal = Invalid({"cursor": N_("That place in the list is unknown. Start from the first page.")})
    if len(text) > _LONGEST:
        raise refusal
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        parts = msgspec.msgpack.decode(raw[_CHECK_BYTES:], type=tuple[int | float | str, ...])
        # Made again it must be the same: one cursor has one spelling, and the check is compared on the way.
        genuine = tuple(map(type, parts)) == types and encode_cursor(*parts) == text
    except (ValueError, msgspec.DecodeError) as error:
        raise refusal from error
    if not genuine:
        raise refusal
    return parts


def _check_storable(part: float | str) -> None:
    if isinstance(part, bool) or (isinstance(part, float) and not math.isfinite(part)):
        raise ValueError(f"{part!r} is no key to sort by")
    if isinstance(part, int) and not -(2**63) <= part < 2**63:
        raise ValueError("an integer in a cursor has at most 64 bits")
    if isinstance(part, str) and "\x00" in part:
        raise ValueError("no database holds a NUL")


def _check(packed: bytes) -> bytes:
    return hashlib.blake2s(packed, digest_size=_CHECK_BYTES, person=b"cursor").digest()
