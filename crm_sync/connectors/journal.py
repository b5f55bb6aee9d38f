"""The embedded default: what a CRM would receive is written to files that people and programs can read.

One file for each kind under `var/crm/`, one JSON object a line, each with the whole record as it stood then. The last line of
a key is how that record stands now; a line with the outcome "withdrawn" takes the record back.
"""

import fcntl
import functools
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path

import msgspec

from crm_sync.connectors import Setup
from crm_sync.ports import (
    Article,
    Case,
    Document,
    Found,
    Health,
    IdeaRecord,
    Key,
    Kind,
    Later,
    Link,
    Outcome,
    Receipt,
    Traits,
)
from forum.kernel.errors import N_, Text

FILES: dict[Kind, str] = {"case": "cases.ndjson", "idea": "ideas.ndjson", "article": "articles.ndjson"}


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a file."""

    key: str
    event: str
    at: datetime
    outcome: Outcome
    record: Case | IdeaRecord | Article | None = None


class _Mark(msgspec.Struct):
    """What is read back of a line."""

    key: str
    event: str


def open_remote(setup: Setup) -> "Journal":
    """The journal of a connection: `var/crm/` for the one called "journal", a folder in it for others."""
    folder = setup.var_dir / "crm"
    return _journal_in((folder if setup.name == "journal" else folder / setup.name).absolute())


class Journal:
    """Files that only grow. Several processes may write at once; a process that dies in a write leaves no half line behind."""

    traits = Traits(create="A", drafts=True)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = {kind: _File(folder / name) for kind, name in FILES.items()}

    def check(self) -> Health:
        for kind in FILES:
            with self._files[kind].opened():
                pass
        return Health(who=str(self.folder), text=Text(N_("Writes to the folder %(folder)s."), folder=str(self.folder)))

    def find(self, kind: Kind, key: Key) -> Sequence[Found]:
        with self._files[kind].opened():
            event = self._files[kind].last_event(str(key))
        return [Found(remote_id=str(key))] if event is not None else []

    def put_case(self, case: Case, at: Link | None, key: Key) -> Receipt:
        return self._append(key, case)

    def put_idea(self, idea: IdeaRecord, at: Link | None, key: Key) -> Receipt:
        return self._append(key, idea)

    def put_article(self, article: Article, at: Link | None, key: Key) -> Receipt:
        return self._append(key, article)

    def withdraw(self, kind: Kind, at: Link | None, key: Key) -> Receipt:
        return self._append(key, None)

    def _append(self, key: Key, record: Document | None) -> Receipt:
        own = self._files[key.kind]
        with own.opened() as file:
            last = own.last_event(str(key))
            if last == _short(key.event):
                return Receipt(remote_id=str(key), version=key.event, outcome="unchanged")
            outcome: Outcome = "withdrawn" if record is None else "created" if last is None else "updated"
            own.append(file, Line(key=str(key), event=key.event, at=key.at, outcome=outcome, record=record))
        return Receipt(remote_id=str(key), version=key.event, outcome=outcome)


@functools.cache
def _journal_in(folder: Path) -> Journal:
    # one for each folder and process: it remembers what it has read of its files
    return Journal(folder)


class _File:
    """One file with an index of its keys, kept in step with what other processes append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._events: dict[
            int, int
        ] = {}  # key to its last event, both shortened: a hundred thousand keys in a dozen megabytes
        self._read_to = 0
        self._inode = 0

    @contextmanager
    def opened(self) -> Iterator[int]:
        """The file's descriptor: ours alone among threads and processes, mended, and read to its end.

        Raises:
            Later: the disk does not let us.
        """
        try:
            with self._guard, self._open() as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # let go when the file is closed, also by a process that dies
                self._catch_up(file.fileno())
                yield file.fileno()
        except OSError as error:
            text = Text(
                N_("The file %(file)s cannot be written: %(why)s."),
                file=str(self._path),
                why=error.strerror or str(error),
            )
            raise Later(text, scope="endpoint") from error

    def last_event(self, key: str) -> int | None:
        """The last event written for a key, shortened; None for a key that was never written. Ask while it is opened."""
        return self._events.get(_short(key))

    def append(self, file: int, line: Line) -> None:
        """Write a line so that it is on the disk when this returns, or not at all."""
        written = msgspec.json.encode(line) + b"\n"
        try:
            _write(file, written)
        except OSError:
            os.ftruncate(file, self._read_to)
            raise
        self._remember(line.key, line.event, len(written))

    def _open(self) -> FileIO:
        new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = FileIO(self._path, "a+")
        if new:
            _sync_folder(self._path.parent)
        return file

    def _catch_up(self, file: int) -> None:
        status = os.fstat(file)
        if (
            status.st_ino != self._inode or status.st_size < self._read_to
        ):  # another file, or one that somebody shortened
            self._events, self._read_to, self._inode = {}, 0, status.st_ino
        with os.fdopen(os.dup(file), "rb") as reader:
            reader.seek(self._read_to)
            for line in reader:
                self._index(line if line.endswith(b"\n") else _mended(file, line, self._read_to))

    def _index(self, line: bytes) -> None:
        mark = _read(line)
        if mark is None:  # a blank, or a remark that a person put there
            self._read_to += len(line)
        else:
            self._remember(mark.key, mark.event, len(line))

    def _remember(self, key: str, event: str, length: int) -> None:
        self._events[_short(key)] = _short(event)
        self._read_to += length


def _mended(file: int, torn: bytes, start: int) -> bytes:
    """The end of a file whose last write was cut short: nothing. It was never acknowledged, so its delivery comes again."""
    if _read(torn) is None:
        os.ftruncate(file, start)
        os.fsync(file)
        return b""
    _write(file, b"\n")  # only the end of the line is missing: cut there, or left out by an editor
    return torn + b"\n"


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
    os.fsync(file)


def _read(line: bytes) -> _Mark | None:
    try:
        return msgspec.json.decode(line, type=_Mark)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _short(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
