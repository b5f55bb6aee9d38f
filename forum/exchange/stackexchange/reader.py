"""Reads the files of a Stack Exchange dump, plain XML or xz, as streams of typed rows.

A row that cannot be taken is handed out as a `BadRow` in its place, and reading goes on.
"""

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from forum.exchange.reporting import BadRow, Progress
from forum.exchange.stackexchange.rows import (
    BadgeRow,
    CommentRow,
    HistoryRow,
    LinkRow,
    PostRow,
    Row,
    TagRow,
    UserRow,
    VoteRow,
)
from forum.exchange.stackexchange.xml_rows import Attributes, RowStream
from forum.kernel.errors import N_, Text

R = TypeVar("R", bound=Row)

KINDS: tuple[type[Row], ...] = (UserRow, TagRow, PostRow, CommentRow, VoteRow, HistoryRow, LinkRow, BadgeRow)
# How many rows pass between two reports of progress.
_PROGRESS_EVERY = 256


class Dump:
    """A directory with some or all of the files of a dump."""

    def __init__(self, directory: Path, *, progress: Progress | None = None) -> None:
        self.directory = directory
        self._progress = progress or _silent

    def path(self, kind: type[Row]) -> Path | None:
        """Where rows of this kind lie; None if the dump lacks them. A plain file is preferred to a compressed one."""
        for suffix in (".xml", ".xml.xz"):
            path = self.directory / (kind.file + suffix)
            if path.is_file():
                return path
        return None

    def missing(self) -> tuple[str, ...]:
        """The names of the files that this dump does not have."""
        return tuple(kind.file for kind in KINDS if self.path(kind) is None)

    def rows(self, kind: type[R]) -> Iterator[tuple[int, R | BadRow]]:
        """Every row of one kind with its number, in the order of the file; nothing if the file is missing."""
        path = self.path(kind)
        if path is None:
            return
        size = path.stat().st_size
        with path.open("rb") as raw, _unpacked(raw, path) as stream:
            for number, row in RowStream(stream, root=kind.file.lower()):
                yield number, _typed(kind, path.name, number, row)
                if number % _PROGRESS_EVERY == 0:
                    self._progress(kind.file, raw.tell(), size)
        self._progress(kind.file, size, size)


def _silent(_file: str, _done: int, _total: int) -> None:
    pass


def _unpacked(raw: IO[bytes], path: Path) -> IO[bytes]:
    return lzma.open(raw) if path.suffix == ".xz" else raw


def _typed(kind: type[R], file: str, number: int, row: Attributes | Text) -> R | BadRow:
    if isinstance(row, Text):
        return BadRow(file=file, row=number, reason=row)
    try:
        return msgspec.convert(row, kind, strict=False)
    except msgspec.ValidationError as error:
        return BadRow(file=file, row=number, reason=Text(N_("Not readable: %(problem)s"), problem=str(error)))
