"""Bodies are prepared in a pool of processes, chunk after chunk, in their order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

from forum.exchange.stackexchange.bodies import Body, Saying, body
from forum.kernel.errors import Text

T = TypeVar("T")
Bodies = list[Body | Text]

# Chunks that wait for being written, for each process: enough to keep it busy, few enough for memory.
_AHEAD = 2


class Rendering:
    """Prepares bodies with `workers` processes; with none, in this one. A context manager."""

    def __init__(self, base: str, *, workers: int | None = None) -> None:
        self._base = base
        self._workers = _cores() if workers is None else workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Rendering":
        if self._workers > 0:
            # A forked child would inherit the connections and locks of the database.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def rendered(self, chunks: Iterable[T], sayings: Callable[[T], list[Saying]]) -> Iterator[tuple[T, Bodies]]:
        """Each chunk with its bodies, in the order of the chunks; only a few are held at a time."""
        if self._pool is None:
            for chunk in chunks:
                yield chunk, prepared(sayings(chunk), self._base)
            return
        waiting: deque[tuple[T, Future[Bodies]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, self._pool.submit(prepared, sayings(chunk), self._base)))
            if len(waiting) > self._workers * _AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def prepared(sayings: list[Saying], base: str) -> Bodies:
    """The bodies of one chunk."""
    return [body(saying, base) for saying in sayings]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
