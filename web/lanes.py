"""In which threads handlers run where the database is another process.

Two lanes: quick reads in few threads, all else in as many as there are connections. A page is mostly Python, which one
thread runs at a time; with sixteen the interpreter goes to and fro between them, and a page took a sixth more CPU than with
four (see docs/performance.md). And what waits long, for a lock or a disk, keeps nobody's page waiting.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

QUICK_READERS: Final = 4


class QuickLane:
    """The threads of the quick reads."""

    def __init__(self, threads: int = QUICK_READERS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="read")

    async def run(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it there, in the context of the caller; raises what it raises."""
        call = partial(copy_context().run, do, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def led(self, handler: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """The same handler, to be awaited."""

        @wraps(handler)
        async def in_the_lane(*args: P.args, **kwargs: P.kwargs) -> T:
            return await self.run(handler, *args, **kwargs)

        return in_the_lane
