"""The server under the application: Granian, set so that slow, broken and dying things do not take the site with them.

The only place that knows which server it is.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import signal
import socket
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer as Server

from forum.kernel.settings import Settings
from web import logs

if TYPE_CHECKING:
    from web.app import Edge

HEAD_MILLISECONDS: Final = 10_000  # for a request's head to arrive; a reader who needs longer is none
KILL_SECONDS: Final = 30  # for requests in flight after a stop; kept-alive connections would hold a worker for ever
RESPAWN_SECONDS: Final = 0.5
GARBAGE_AFTER: Final = (5_000, 20, 50)
AT_ONCE: Final = 256  # requests that a worker takes in; more wait in the kernel's queue
_LONGEST_HEAD: Final = 65_536
# The server's own words go where all others go.
_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": [], "level": "WARNING", "propagate": True}},
}
TOGETHER: Final = "PROMETHEUS_MULTIPROC_DIR"  # as web.metrics reads it, which must not be imported before it is set
_log = structlog.get_logger("loggia.web")


class CannotServe(OSError):
    """The site cannot be started here; the message says what is in the way."""


def run(
    settings: Settings, *, host: str, port: int, workers: int = 1, head_milliseconds: int = HEAD_MILLISECONDS
) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished. A worker that dies is started again.

    A connection whose request has no whole head after `head_milliseconds` is closed.

    Raises:
        CannotServe: the port is taken, the address is not of this machine, or a directory cannot be written.
    """
    check_port(host, port)
    check_writable(settings.var_dir)
    logs.configure(settings.log_level)
    if workers > 1:
        count_together(settings.var_dir / "metrics")
    _log.info("serving", url=settings.base_url, host=host, port=port, workers=workers)
    make_server(host, port, workers, head_milliseconds).serve(target_loader=partial(load, settings), wrap_loader=False)


def count_together(folder: Path) -> None:
    """Have the workers keep their figures in one folder, and begin with none."""
    folder.mkdir(exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    os.environ[TOGETHER] = str(folder)


def load(settings: Settings) -> Edge:
    """Make the application, in a worker process, before its loop runs.

    It is imported there: the process that only watches over the workers stays small, and the figures' library learns in
    each of them where they are kept.
    """
    # A forked worker inherits the handlers of the process that watches it, which would swallow a stop that comes meanwhile.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from web.app import create_app

    app = create_app(settings)
    logging.getLogger("_granian").setLevel(logging.WARNING)
    look_for_garbage_less()
    return app


def look_for_garbage_less() -> None:
    """Have Python's collector pass over what was made while starting, and look for cycles after more requests than one.

    A page makes some thousands of objects and hardly a cycle; with the usual settings looking for one takes a tenth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)


def make_server(host: str, port: int, workers: int, head_milliseconds: int = HEAD_MILLISECONDS) -> Server:
    """The server with our settings, not started yet."""
    return Server(
        "loggia",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,  # HTTP/2 and TLS are the proxy's
        websockets=False,
        backpressure=AT_ONCE,
        http1_settings=HTTP1Settings(header_read_timeout=head_milliseconds, max_buffer_size=_LONGEST_HEAD),
        log_dictconfig=_LOGGING,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_SECONDS,
        workers_kill_timeout=KILL_SECONDS,
    )


def check_port(host: str, port: int) -> None:
    """Find out whether one can listen there, before anything is started.

    Raises:
        CannotServe: somebody does already, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise CannotServe(
                f"Cannot listen on {_shown(host)}:{port}: {(error.strerror or str(error)).lower()}."
            ) from None


def _shown(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


def check_writable(folder: Path) -> None:
    """Make the folder if it is not there, and write in it.

    Raises:
        CannotServe: that does not work.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotServe(f"LOGGIA_VAR_DIR {folder} cannot be written: {reason}.") from None
