"""What changed between two texts, as pieces that were kept, taken out or put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

import msgspec

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 2_000  # of a changed passage that is compared word by word; a longer one is shown as replaced whole
_NEAR = 160  # characters of unchanged text that stay beside a change

How = Literal["same", "out", "in", "gap"]


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text: `same` in both, `out` of the old, `in` the new, or a `gap` where unchanged text is left out."""

    how: How
    text: str


def compared(old: str, new: str) -> tuple[Piece, ...]:
    """The new text with what was taken out and put in, by words; far unchanged passages are left out."""
    pieces = _joined(_by_lines(old.splitlines(keepends=True), new.splitlines(keepends=True)))
    return tuple(_shortened(pieces))


def _by_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        before, after = "".join(old[old_start:old_end]), "".join(new[new_start:new_end])
        if what == "equal":
            yield Piece("same", after)
        else:
            yield from _by_words(before, after)


def _by_words(before: str, after: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if not old or not new or max(len(old), len(new)) > _MOST_WORDS:
        yield from (piece for piece in (Piece("out", before), Piece("in", after)) if piece.text)
        return
    for what, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield Piece("same", "".join(new[new_start:new_end]))
            continue
        if old_end > old_start:
            yield Piece("out", "".join(old[old_start:old_end]))
        if new_end > new_start:
            yield Piece("in", "".join(new[new_start:new_end]))


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    return [
        Piece(how, "".join(piece.text for piece in run)) for how, run in groupby(pieces, key=lambda piece: piece.how)
    ]


def _shortened(pieces: list[Piece]) -> Iterator[Piece]:
    if all(piece.how == "same" for piece in pieces):
        yield from pieces
        return
    for place, piece in enumerate(pieces):
        if piece.how != "same" or len(piece.text) <= 2 * _NEAR:
            yield piece
            continue
        if place > 0:
            yield Piece("same", piece.text[:_NEAR].rpartition(" ")[0])
        yield Piece("gap", "")
        if place < len(pieces) - 1:
            yield Piece("same", piece.text[-_NEAR:].partition(" ")[2])
