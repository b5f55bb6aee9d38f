"""`loggia worker`: keeps so many worker processes alive. Dramatiq's own command ends when a child dies; this one starts it again."""

import multiprocessing
import signal
import threading
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

import structlog

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from web import logs, worker

_log = structlog.get_logger("loggia.worker")
_spawn = multiprocessing.get_context("spawn")  # a forked child would share the parent's sockets
_RESTART_AFTER = 0.5  # seconds; a child that dies at once must not keep a core busy


def supervise(settings: Settings, *, processes: int, threads: int) -> int:
    """Run until SIGINT or SIGTERM; returns the exit status."""
    logs.configure(settings.log_level)
    stopping = threading.Event()
    _on_stop_signals(stopping)
    if why := worker.why_silent(settings):
        _log.warning("the broker does not answer; work is found by the tick", error=why)
    _log.info("working", processes=processes, threads=threads)
    children = [_start(settings, threads) for _ in range(processes)]
    while not stopping.wait(_RESTART_AFTER):
        children = [child if child.is_alive() else _again(child, settings, threads) for child in children]
    return _stopped(children)


def _start(settings: Settings, threads: int) -> BaseProcess:
    child = _spawn.Process(target=run_child, args=(settings, threads), name="loggia-worker")
    child.start()
    return child


def _again(dead: BaseProcess, settings: Settings, threads: int) -> BaseProcess:
    _log.warning("a worker died and is started again", pid=dead.pid, exit=dead.exitcode)
    return _start(settings, threads)


def _stopped(children: list[BaseProcess], *, patience: float = 60.0) -> int:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + patience
    for child in children:
        child.join(max(0.1, deadline - time.monotonic()))
        if child.is_alive():
            child.kill()
    return 0


def run_child(settings: Settings, threads: int) -> None:
    """One worker process: answers the bell, and ticks. It stops when it is told to, and when its supervisor is gone."""
    logs.configure(settings.log_level)
    stopping = threading.Event()
    _on_stop_signals(stopping)
    threading.Thread(target=_outlive, args=(stopping,), name="loggia-orphan", daemon=True).start()
    db = Database(settings.database_url, pool_size=threads + 4)
    listening = worker.start(settings, db, hands=threads)
    _log.info("listening", hands=threads)
    stopping.wait()
    _log.info("stopping")
    listening.stop()
    db.dispose()


def _outlive(stopping: threading.Event) -> None:
    """A supervisor that was killed is started again by whoever watches it; its old children would be twice as many as wanted."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        _log.warning("the supervisor is gone; stopping", supervisor=parent.pid)
        stopping.set()


def _on_stop_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
