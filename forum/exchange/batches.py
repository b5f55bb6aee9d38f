"""Taking things in batches, and telling how far one is."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from forum.exchange.reporting import Progress

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in their order, at most so many at a time."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def counted_up(progress: Progress | None, name: str, total: int) -> Callable[[int], None]:
    """What to call with how many more are done, so that `progress` is told how many there are so far."""
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(name, done, total)

    return told
