"""A handle to begin with, made of what is known of somebody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from forum.kernel.errors import Invalid
from forum.members.keys import checked_handle, handle_key
from forum.members.tables import Member

_OTHER = re.compile(r"[^a-z0-9]+")
_LONGEST = 24  # room for a number after it


def free_handle(connection: Connection | Session, *wishes: str) -> str:
    """The first wish that makes a handle nobody has, with a number after it if need be."""
    for wish in (*filter(None, map(_spelled, wishes)), "member"):
        near = select(Member.handle_key).where(Member.handle_key.startswith(wish, autoescape=True))
        taken = set(connection.scalars(near))
        for handle in _numbered(wish):
            if handle_key(handle) not in taken:
                return handle
    raise AssertionError("numbers do not end")


def _spelled(wish: str) -> str:
    """What of a name a handle can hold: letters lose their accents, all else becomes a hyphen."""
    plain = unicodedata.normalize("NFKD", wish).casefold().encode("ascii", "ignore").decode()
    handle = _OTHER.sub("-", plain).strip("-")[:_LONGEST].rstrip("-")
    try:
        return checked_handle(handle)
    except Invalid:
        return ""


def _numbered(wish: str) -> Iterable[str]:
    yield wish
    for number in range(2, 10_000):
        yield f"{wish}{number}"
