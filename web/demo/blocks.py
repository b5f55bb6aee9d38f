"""The file format of the demo community: Markdown posts, each under a few lines of TOML.

A file is a row of blocks. A block opens with a line `+++ name`, holds TOML up to a line `+++`, and the Markdown
below belongs to it until the next block opens. So a thread reads from top to bottom as it will on the page:

    +++ thread
    kind = "question"
    title = "…"
    +++
    The question, in Markdown.

    +++ reply
    by = "jonas"
    after = "40m"
    +++
    The first reply.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

OPENING = re.compile(r"^\+\+\+ ([a-z]+)$")
CLOSING = "+++"
SPAN = re.compile(r"^(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)?$")

Head = TypeVar("Head", bound=msgspec.Struct)


class ContentError(Exception):
    """A data file says something that cannot be; the message names the place and the fault."""


class Span(timedelta):
    """A stretch of time, written as `12d 4h 30m`."""


class Names(tuple[str, ...]):
    """Handles, written as one string with spaces between them."""


@dataclass(frozen=True)
class Block:
    place: str
    name: str
    head: dict[str, Any]
    body: str


def read_blocks(path: Path) -> list[Block]:
    """Read a data file.

    Raises:
        ContentError: text before the first block, a block that never closes, or a head that is not TOML.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if OPENING.match(line)]
    if not starts or any(line.strip() for line in lines[: starts[0]]):
        raise ContentError(f"{path.name}: the file does not begin with a block")
    ends = [*starts[1:], len(lines)]
    return [_block(path, start, lines[start:end]) for start, end in zip(starts, ends, strict=True)]


def _block(path: Path, start: int, lines: list[str]) -> Block:
    place = f"{path.name}:{start + 1}"
    name = lines[0].removeprefix("+++ ")
    if CLOSING not in lines:
        raise ContentError(f"{place}: the head of this {name} is not closed")
    closing = lines.index(CLOSING)
    try:
        head = tomllib.loads("\n".join(lines[1:closing]))
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"{place}: {error}") from error
    return Block(place, name, head, "\n".join(lines[closing + 1 :]).strip())


def shaped(place: str, head: dict[str, Any], shape: type[Head]) -> Head:
    """Turn a head into its struct. Unknown fields, missing fields and wrong types raise ContentError."""
    try:
        return msgspec.convert(head, shape, dec_hook=_special)
    except msgspec.ValidationError as error:
        raise ContentError(f"{place}: {error}") from error


def _special(wanted: type, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {value!r}")
    if wanted is Names:
        return Names(value.split())
    return span(value)


def span(text: str) -> Span:
    """Read `12d 4h 30m`; each part may be absent, not all of them."""
    match = SPAN.match(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is not a stretch of time such as '12d 4h 30m'")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return Span(days=days, hours=hours, minutes=minutes)
