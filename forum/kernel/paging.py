"""Keyset pages: a list ends with a cursor that says where the next page begins. Opaque to whoever holds it."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from forum.kernel.errors import N_, Invalid

T = TypeVar("T")
_LONGEST = 400


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `next` is the cursor of the following one, or None at the end."""

    items: tuple[T, ...]
    next: str | None = None


def encode_cursor(*parts: int | float | str) -> str:
    """A cursor of these parts, safe in an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode()


def decode_cursor(text: str, *types: type[Any]) -> tuple[Any, ...]:
    """The parts of a cursor, which must be of these types.

    Raises:
        Invalid: it was not made by `encode_cursor`, or for another list.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError("too long")
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        parts = msgspec.json.decode(decoded, type=tuple.__class_getitem__(types))
    except (ValueError, binascii.Error, msgspec.MsgspecError, UnicodeError):
        raise Invalid({"cursor": N_("That place in the list is unknown. Start from the first page.")}) from None
    if any(type(part) is int and not -(2**63) <= part < 2**63 for part in parts):
        raise Invalid({"cursor": N_("That place in the list is unknown. Start from the first page.")})
    return tuple(parts)
