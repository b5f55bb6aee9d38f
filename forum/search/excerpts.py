"""The piece of a text that shows best why it was found, with the words that were searched for marked in it."""

import re
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from forum.search.words import SHORTEST_STEM, fold, stem

LENGTH = 200
_FAR_ENOUGH = 400  # matches that are looked at; the best piece of a long text is rarely behind them

Piece = tuple[str, bool]
"""A part of an excerpt, and whether it is a word that was searched for."""


def excerpt(parts: Sequence[str], words: tuple[str, ...], *, length: int = LENGTH) -> tuple[Piece, ...]:
    """The best piece of the best of these texts: the one with the most different words, the earlier where several have.

    Without any of the words it is the beginning of the first.
    """
    pattern, different = pattern_for(words), len({stem(word) for word in words})
    best, chosen = _Window(0, 0), parts[0] if parts else ""
    for part in parts:
        window = _best_window(part, pattern, different, length)
        if window.words > best.words:
            best, chosen = window, part
        if best.words >= different:
            break
    return _marked(*_cut(chosen, best.start, length), pattern)


def has_all(parts: Sequence[str], words: tuple[str, ...]) -> bool:
    """Whether every word occurs in one of these texts."""
    return all(any(pattern_for((word,)).search(fold(part)) for part in parts) for word in words)


@lru_cache(maxsize=256)
def pattern_for(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds these folded words in folded text, with any ending."""
    if not words:
        return re.compile(r"(?!)")
    ordered = sorted({_open(word) for word in words}, key=len, reverse=True)
    return re.compile(r"(?<![^\W_])(?:" + "|".join(ordered) + ")")


def _open(word: str) -> str:
    """A number or a short word stands for itself alone; a longer one with whatever follows it, or with another ending."""
    if word.isdigit() or len(word) < SHORTEST_STEM:
        return rf"{re.escape(word)}(?![^\W_])"
    return rf"{re.escape(word)}[^\W_]*|{re.escape(stem(word))}[^\W_]{{0,4}}(?![^\W_])"


class _Window(NamedTuple):
    """A piece of a text: how many different words it has, and where the first of them stands."""

    words: int
    start: int


def _best_window(part: str, pattern: re.Pattern[str], different: int, length: int) -> _Window:
    """The first piece of this length that has all of the different words, else the one that has most of them."""
    best = _Window(0, 0)
    near: deque[tuple[int, str]] = deque()
    for number, match in enumerate(pattern.finditer(fold(part))):
        near.append((match.start(), stem(match.group())))
        while near[0][0] < match.start() - length * 2 // 3:
            near.popleft()
        words = len({word for _, word in near})
        if words > best.words:
            best = _Window(words, near[0][0])
        if best.words >= different or number == _FAR_ENOUGH:
            break
    return best


def _cut(part: str, first: int, length: int) -> tuple[str, str, str]:
    """The piece around a place, between words, and what stands before and after it where something is left out."""
    start = max(0, first - length // 3)
    if start:
        gap = part.find(" ", start, first + 1)
        start = gap + 1 if gap >= 0 else first
    piece = part[start : start + length]
    if start + length >= len(part):
        return ("… " if start else ""), piece, ""
    shorter = piece.rpartition(" ")[0] or piece
    return ("… " if start else ""), shorter, " …"


def _marked(before: str, piece: str, after: str, pattern: re.Pattern[str]) -> tuple[Piece, ...]:
    pieces: list[Piece] = [(before, False)]
    end = 0
    for match in pattern.finditer(fold(piece)):
        pieces += [(piece[end : match.start()], False), (piece[match.start() : match.end()], True)]
        end = match.end()
    pieces += [(piece[end:], False), (after, False)]
    return tuple(each for each in _joined(pieces) if each[0])


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind become one."""
    joined: list[Piece] = []
    for text, is_word in pieces:
        if joined and joined[-1][1] == is_word and not is_word:
            joined[-1] = (joined[-1][0] + text, False)
        else:
            joined.append((text, is_word))
    return joined
