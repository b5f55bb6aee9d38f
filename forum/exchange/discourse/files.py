"""The files of a Discourse export: JSON, a line or a file for each topic, and the Markdown beside it; packed or not."""

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from forum.exchange.reporting import BadRow, Progress
from forum.kernel.errors import N_, Text

_TARS = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2")
_OPENERS: dict[str, Any] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
_RAW = re.compile(r"(?:^|[.\-_])(\d{1,18})\.(?:md|raw)$")
# A topic of a thousand long posts has about a tenth of this.
_LARGEST = 256 << 20


class Told(msgspec.Struct, frozen=True):
    """What a file tells: a JSON object in its `row` (from 1), or the Markdown of the topic `raw_of`."""

    file: str
    row: int
    value: Any
    raw_of: int | None = None


def told(paths: list[Path], *, progress: Progress) -> Iterator[Told | BadRow]:
    """All that the files tell, folders and archives included, in the order of their names."""
    for path in paths:
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for file in files:
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            try:
                yield from _of_file(file, name, progress)
            except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
                reason = Text(N_("The archive cannot be read on: %(problem)s"), problem=str(error))
                yield BadRow(file=name, row=1, reason=reason)


def _of_file(path: Path, name: str, progress: Progress) -> Iterator[Told | BadRow]:
    size = path.stat().st_size
    if name.endswith(_TARS):
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield from _of_stream(stream, member.name, f"{name}/{member.name}")
                    progress(name, raw.tell(), size)
    else:
        with path.open("rb") as raw:
            opener = _OPENERS.get(path.suffix)
            inner = name.removesuffix(path.suffix) if opener else name
            yield from _of_stream(opener(raw) if opener else raw, inner, name)
    progress(name, size, size)


def _of_stream(stream: IO[bytes], name: str, shown: str) -> Iterator[Told | BadRow]:
    """What one file tells; `name` is what it is called unpacked, `shown` what people find it by."""
    raw_of = _RAW.search(PurePosixPath(name).name)
    if raw_of is not None:
        yield Told(shown, 1, stream.read(_LARGEST).decode(errors="replace"), raw_of=int(raw_of[1]))
    elif name.endswith((".jsonl", ".ndjson")):
        for row, line in enumerate(stream, start=1):
            if line.strip():
                yield _decoded(line, shown, row)
    elif name.endswith(".json"):
        found = _decoded(stream.read(_LARGEST), shown, 1)
        if isinstance(found, Told) and isinstance(found.value, list):
            yield from (Told(shown, row, value) for row, value in enumerate(found.value, start=1))
        else:
            yield found


def _decoded(data: bytes, file: str, row: int) -> Told | BadRow:
    try:
        return Told(file, row, msgspec.json.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadRow(file=file, row=row, reason=Text(N_("Not readable: %(problem)s"), problem=str(error)))
