"""What changed between two texts, as pieces that were kept, taken out or put in.

The comparison is Myers' ("An O(ND) Difference Algorithm and Its Variations", 1986): the shortest way from one to the other. Its
cost depends on what people wrote, and anybody may ask for a history, so every step is counted: what would take more of them
than a page may spend is shown as replaced whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal

import msgspec

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_NEAR = 160  # characters of unchanged text that stay beside a change

How = Literal["same", "out", "in", "gap"]
Run = tuple[int, int, int]
"""A stretch that both have: where it begins in the old, in the new, and how long it is."""


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text: `same` in both, `out` of the old, `in` the new, or a `gap` where unchanged text is left out."""

    how: How
    text: str


class Patience:
    """How many steps are left for all comparisons of one page; half of a million take about a quarter of a second."""

    MOST: Final = 200_000

    def __init__(self, steps: int = MOST) -> None:
        self.steps = steps

    def spend(self, steps: int) -> bool:
        """Take so many; whether there were as many."""
        self.steps -= steps
        return self.steps >= 0


def compared(old: str, new: str, patience: Patience | None = None) -> tuple[Piece, ...]:
    """The new text with what was taken out and put in, by words; far unchanged passages are left out."""
    patience = patience or Patience()
    pieces = _joined(_by_lines(old.splitlines(keepends=True), new.splitlines(keepends=True), patience))
    return tuple(_shortened(pieces))


def _by_lines(old: Sequence[str], new: Sequence[str], patience: Patience) -> Iterator[Piece]:
    for is_same, before, after in _passages(old, new, patience):
        if is_same:
            yield Piece("same", after)
        else:
            yield from _by_words(before, after, patience)


def _by_words(before: str, after: str, patience: Patience) -> Iterator[Piece]:
    for is_same, old, new in _passages(_WORDS.findall(before), _WORDS.findall(after), patience):
        if is_same:
            yield Piece("same", new)
        else:
            yield from (piece for piece in (Piece("out", old), Piece("in", new)) if piece.text)


def _passages(old: Sequence[str], new: Sequence[str], patience: Patience) -> Iterator[tuple[bool, str, str]]:
    """Both in turn: what they have in common, and between that what only one of them has."""
    old_at = new_at = 0
    for old_start, new_start, length in [*_runs(old, new, patience), (len(old), len(new), 0)]:
        if old_start > old_at or new_start > new_at:
            yield False, "".join(old[old_at:old_start]), "".join(new[new_at:new_start])
        if length:
            yield True, "".join(old[old_start : old_start + length]), "".join(new[new_start : new_start + length])
        old_at, new_at = old_start + length, new_start + length


def _runs(old: Sequence[str], new: Sequence[str], patience: Patience) -> list[Run]:
    """What both have, in order: their beginning, their end, and between these what the shortest way passes through."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    most = shorter - head
    tail = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    middle = _shortest(old[head : len(old) - tail], new[head : len(new) - tail], patience)
    runs = [(0, 0, head), *((a + head, b + head, length) for a, b, length in middle)]
    return [run for run in (*runs, (len(old) - tail, len(new) - tail, tail)) if run[2]]


def _shortest(old: Sequence[str], new: Sequence[str], patience: Patience) -> list[Run]:
    """What both have along the shortest way from one to the other; nothing where finding that takes too many steps.

    A diagonal is a place in the old less one in the new; for each distance it is kept how far one comes on each of them.
    """
    if not old or not new:
        return []
    reached = [{1: 0}]
    for distance in range(len(old) + len(new) + 1):
        before, here = reached[-1], dict[int, int]()
        reached.append(here)
        for diagonal in range(-distance, distance + 1, 2):
            start = _entered(before, diagonal, distance)
            here[diagonal] = end = _slid(old, new, start, start - diagonal)
            if not patience.spend(1 + end - start):
                return []
            if end >= len(old) and end - diagonal >= len(new):
                return _walked_back(reached, diagonal)
    raise AssertionError("there is always a way: take everything out, put everything in")


def _inserts(before: dict[int, int], diagonal: int, distance: int) -> bool:
    """Whether one comes onto a diagonal by putting something in, from the one above; else by taking something out."""
    return diagonal == -distance or (diagonal != distance and before[diagonal - 1] < before[diagonal + 1])


def _entered(before: dict[int, int], diagonal: int, distance: int) -> int:
    """Where in the old one comes onto a diagonal."""
    return before[diagonal + 1] if _inserts(before, diagonal, distance) else before[diagonal - 1] + 1


def _slid(old: Sequence[str], new: Sequence[str], at: int, beside: int) -> int:
    """How far both are the same from there on."""
    while at < len(old) and beside < len(new) and old[at] == new[beside]:
        at, beside = at + 1, beside + 1
    return at


def _walked_back(reached: list[dict[int, int]], diagonal: int) -> list[Run]:
    """The runs of the way that ends on this diagonal. `reached` begins with the place before the first step."""
    runs: list[Run] = []
    for distance in range(len(reached) - 2, -1, -1):
        before, end = reached[distance], reached[distance + 1][diagonal]
        start = _entered(before, diagonal, distance)
        if end > start:
            runs.append((start, start - diagonal, end - start))
        diagonal += 1 if _inserts(before, diagonal, distance) else -1
    return runs[::-1]


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
