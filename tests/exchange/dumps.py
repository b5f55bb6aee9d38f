"""Where the real dumps lie, and small ones made on the spot."""

import lzma
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

NAMES = ("se-beer-postsonly", "se-cardano", "se-conlang-meta-small", "se-french-meta")

Row = Mapping[str, object]


def real_dump(name: str) -> Path:
    """A dump of the test data that lies beside the repository; skips where it is absent."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "data" / name).is_dir():
            return parent / "shared" / "data" / name
    pytest.skip(f"the shared test data {name} is not on this machine")


def row(**attributes: object) -> str:
    """One row as a dump writes it."""
    return "  <row " + " ".join(f"{name}={quoteattr(str(value))}" for name, value in attributes.items()) + " />\n"


def xml(root: str, rows: Iterable[str]) -> str:
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?>\n<{root}>\n{"".join(rows)}</{root}>'


def write_file(directory: Path, file: str, rows: Iterable[str], *, packed: bool = False) -> Path:
    """Write `Posts.xml`, say, or `Posts.xml.xz`."""
    content = xml(file.lower(), rows).encode()
    path = directory / (f"{file}.xml.xz" if packed else f"{file}.xml")
    path.write_bytes(lzma.compress(content) if packed else content)
    return path


def post(id: int, **attributes: object) -> str:
    """A question, unless a `ParentId` makes it an answer."""
    kind = 2 if "ParentId" in attributes else 1
    row_of: dict[str, object] = {
        "Id": id,
        "PostTypeId": kind,
        "CreationDate": "2021-05-01T10:00:00.000",
        "Score": 0,
        "Body": f"<p>Body of {id}.</p>",
        "OwnerUserId": 1,
        "ContentLicense": "CC BY-SA 4.0",
    }
    if kind == 1:
        row_of |= {"Title": f"Title of {id}", "Tags": "<water>"}
    return row(**(row_of | attributes))
