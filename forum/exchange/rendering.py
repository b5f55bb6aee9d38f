"""Bodies are prepared in a pool of processes, chunk after chunk, in their order."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

from forum.exchange.bodies import Bodies, Body, Saying, body
from forum.kernel.errors import Text

T = TypeVar("T")
Prepare = Callable[[Saying, str], Body | Text]

# Chunks that wait for being written, for each process: enough to keep it busy, few enough for memory.
_AHEAD = 2
# So many characters are prepared sooner than they are sent away.
_LITTLE = 2_000


class Rendering:
    """Prepares bodies with `workers` processes; with none, in this one. A context manager.

    `prepare` is a function of a module, for the other processes must find it.
    """

    def __init__(self, base: str, *, prepare: Prepare = body, workers: int | None = None) -> None:
        self._base, self._prepare = base, prepare
        self._workers = _cores() if workers is None else workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Rendering":
        if self._workers > 0:
            self._pool = ProcessPoolExecutor(self._workers, mp_context=_context(), initializer=_end_with_parent)
            self._pool.submit(_cores)  # the processes start while the first file is still being read
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def rendered(self, chunks: Iterable[T], sayings: Callable[[T], list[Saying]]) -> Iterator[tuple[T, Bodies]]:
        """Each chunk with its bodies, in the order of the chunks; only a few are held at a time."""
        waiting: deque[tuple[T, Future[Bodies]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, self._begun(sayings(chunk))))
            if len(waiting) > self._workers * _AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()

    def _begun(self, wanted: list[Saying]) -> Future[Bodies]:
        """The bodies to come. Too little work for a process is done at once."""
        if self._pool is not None and sum(len(saying.html) for saying in wanted) > _LITTLE:
            return self._pool.submit(prepared, wanted, self._base, self._prepare)
        done: Future[Bodies] = Future()
        done.set_result(prepared(wanted, self._base, self._prepare))
        return done


def prepared(sayings: list[Saying], base: str, prepare: Prepare) -> Bodies:
    """The bodies of one chunk."""
    return [prepare(saying, base) for saying in sayings]


def _context() -> Any:
    """Processes that inherit no connection and no lock of the database: forked from one that has only loaded the renderer."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "forum.kernel.markdown.rendering"])
    return context


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with_parent() -> None:
    """Let this process not outlive the import: the pool's own processes would wait for ever after it was killed."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
