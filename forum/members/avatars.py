"""The picture beside what somebody writes: squares of two sizes, kept in files that are named by what they hold.

The row of the member says which picture they wear. Files that nobody wears are taken away: at once where somebody takes a
picture off, else by the next `sweep`.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, String, bindparam, select
from sqlalchemy.orm import Session

from forum.kernel import pictures
from forum.kernel.access import Actor, require
from forum.kernel.db import Database, locked
from forum.members.policies import may_edit_profile
from forum.members.tables import Member

SIZES: Final = (96, 240)
"""Pixels of a side: beside posts and in lists, and on the profile; each sharp on screens of twice the density."""
LARGEST_FILE: Final = 8 * 2**20
_FILE: Final = re.compile(r"([0-9a-f]{64})-(?:96|240)\.webp")
_LEFT_ALONE: Final = 3_600  # seconds: a file this young may belong to a row that is not committed yet
_M = Member.__table__.c
_WORN = select(_M.id).where(_M.avatar == bindparam("picture", type_=String), _M.deleted_at.is_(None)).limit(1)


def draw(sent: bytes) -> list[bytes]:
    """What is kept of a picture that somebody sent, the smallest first. Slow: it starts a process.

    Raises:
        Invalid: (of "picture") it cannot be one, or is too large.
        Unavailable: others are being drawn.
    """
    return pictures.squares(sent, SIZES, field="picture")


def store(folder: Path, drawn: Sequence[bytes]) -> str:
    """Keep a drawn picture in files; returns its name, the SHA-256 (hex) of its largest square. Files that are there stay."""
    picture = hashlib.sha256(drawn[-1]).hexdigest()
    for size, content in zip(SIZES, drawn, strict=True):
        file = _path(folder, f"{picture}-{size}.webp")
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".{secrets.token_hex(8)}")
        half.write_bytes(content)
        os.replace(half, file)  # noqa: PTH105 - whole or not at all, and young again for the sweep
    return picture


def read(folder: Path, name: str) -> bytes | None:
    """A file's content by the name in its address; None if there is none, and for every name that is not one of ours."""
    if not _FILE.fullmatch(name):
        return None
    try:
        return _path(folder, name).read_bytes()
    except FileNotFoundError:
        return None


def wear(session: Session, actor: Actor, *, picture: str) -> str:
    """Show this picture beside what the member writes, or none for ""; returns the one that was worn until now.

    Raises:
        NotAllowed: nobody is signed in, or somebody who may not change their profile.
    """
    member = locked(session, Member, actor.member_id or 0)
    require(may_edit_profile(actor, member))
    before, member.avatar = member.avatar, picture
    return before


def discard(connection: Connection, folder: Path, picture: str) -> None:
    """Take a picture's files away, unless somebody wears it still."""
    if not picture or connection.execute(_WORN, {"picture": picture}).one_or_none() is not None:
        return
    for size in SIZES:
        _path(folder, f"{picture}-{size}.webp").unlink(missing_ok=True)


def sweep(db: Database, folder: Path) -> int:
    """Take away the files that nobody wears, and halves of a writer that died; returns how many went."""
    oldest, gone = time.time() - _LEFT_ALONE, 0
    for file in sorted((folder / "avatars").glob("*/*")):
        if file.stat().st_mtime > oldest:
            continue
        named = _FILE.fullmatch(file.name)
        with db.reading() as connection:
            worn = named and connection.execute(_WORN, {"picture": named[1]}).one_or_none()
        if not worn:
            file.unlink(missing_ok=True)
            gone += 1
    return gone


def _path(folder: Path, name: str) -> Path:
    return folder / "avatars" / name[:2] / name
