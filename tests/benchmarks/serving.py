"""A server to measure: the product's own, one worker, in a process of its own, with the CPU that it used."""

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psutil
from litestar import Litestar, Response, get

from forum.kernel.settings import Settings
from web import serving


@get("/hello", sync_to_thread=False)
def hello() -> Response[bytes]:
    """Litestar's hello world."""
    return Response(b"hello", media_type="text/plain")


def load_hello() -> Any:
    """The application that everything is compared with."""
    return Litestar([hello], openapi_config=None, logging_config=None)


def load_site(settings: Settings) -> Any:
    """The product without limits on how often one may ask, and without request logs."""
    from web.app import create_app
    from web.edge.limits import Limits

    app = create_app(settings, limits=Limits(None, None, None))
    serving.look_for_garbage_less()
    return app


class Running:
    """A server that runs: where it is, and how much CPU it has used."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self._process = process

    def cpu_seconds(self) -> float:
        """User and system time of the server and its worker."""
        family = [self._process, *self._process.children(recursive=True)]
        return sum(sum(member.cpu_times()[:2]) for member in family)


@contextmanager
def running(target: Callable[[], Any]) -> Iterator[Running]:
    """Serve what `target` makes, until the block ends."""
    port = _free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(target, port))
    process.start()
    try:
        _wait_for(port)
        yield Running(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.join(20)


def site(settings: Settings) -> Callable[[], Any]:
    """What to serve for the product with these settings."""
    return partial(load_site, settings)


def _serve(target: Callable[[], Any], port: int) -> None:
    serving.make_server("127.0.0.1", port, 1).serve(target_loader=target, wrap_loader=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, *, patience: float = 30.0) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
                probe.sendall(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if probe.recv(1):
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")
