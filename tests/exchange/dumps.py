"""Where the real dumps lie, and small ones made on the spot."""

import lzma
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

from tests.shared import shared_data

NAMES = ("se-beer-postsonly", "se-cardano", "se-conlang-meta-small", "se-french-meta")

Row = Mapping[str, object]


def real_dump(name: str) -> Path:
    """A dump of the test data that lies beside the repository; skips where it is absent."""
    return shared_data(f"data/{name}")


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


def user(id: int, **attributes: object) -> str:
    return row(**{"Id": id, "CreationDate": "2021-04-01T09:00:00.000", "DisplayName": f"Person {id}"} | attributes)


def comment(id: int, post_id: int, **attributes: object) -> str:
    row_of = {"Id": id, "PostId": post_id, "Score": 0, "CreationDate": "2021-05-02T10:00:00.000", "UserId": 1}
    return row(**row_of | {"Text": f"Comment {id}"} | attributes)


def vote(id: int, post_id: int, kind: int, day: str = "2021-05-03") -> str:
    return row(Id=id, PostId=post_id, VoteTypeId=kind, CreationDate=f"{day}T00:00:00.000")


def history(id: int, post_id: int, kind: int, text: str, **attributes: object) -> str:
    row_of = {"Id": id, "PostHistoryTypeId": kind, "PostId": post_id, "RevisionGUID": f"r{id}", "Text": text}
    return row(**row_of | {"CreationDate": "2021-05-01T10:00:00.000", "UserId": 1} | attributes)


def badge(id: int, user_id: int, name: str) -> str:
    return row(Id=id, UserId=user_id, Name=name, Date="2021-05-01T10:00:00.000", Class=2, TagBased=False)


def link(id: int, post_id: int, related_id: int, kind: int) -> str:
    at = "2021-05-01T10:00:00.000"
    return row(Id=id, CreationDate=at, PostId=post_id, RelatedPostId=related_id, LinkTypeId=kind)


def tag(id: int, name: str, **attributes: object) -> str:
    return row(**{"Id": id, "TagName": name, "Count": 1} | attributes)


def dump(directory: Path, **files: Iterable[str]) -> Path:
    """A dump with these files, each its rows: `dump(path, Posts=[post(1)])`."""
    directory.mkdir(parents=True, exist_ok=True)
    for file, rows in files.items():
        write_file(directory, file, rows)
    return directory
