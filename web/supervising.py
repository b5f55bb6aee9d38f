"""`loggia worker`: keeps so many worker processes alive. Dramatiq's own command ends when a child dies; this one starts it again."""

import multiprocessing
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from types import FrameType

import dramatiq
import structlog

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from web import worker

_log = structlog.get_logger("loggia.worker")
_spawn = multiprocessing.get_context("spawn")  # a forked child would share the parent's sockets
_RESTART_AFTER = 0.5  # seconds; a child that dies at once must not keep a core busy


def supervise(settings: Settings, *, processes: int, threads: int) -> int:
    """Run until SIGINT or SIGTERM; returns the exit status."""
    stopping = threading.Event()
    _on_stop_signals(stopping)
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
    """One worker process: answers the bell, and ticks."""
    stopping = threading.Event()
    _on_stop_signals(stopping)
    db = Database(settings.database_url, pool_size=threads + 2)
    own = worker.Worker(db, settings)
    broker = worker.make_broker(settings)
    broker.add_middleware(worker.Ticking(own))
    db.bell = worker.declare(broker, own.work)
    broker.emit_after("process_boot")
    listening = dramatiq.Worker(broker, worker_threads=threads)
    listening.start()
    stopping.wait()
    own.stop()
    listening.stop(timeout=5_000)
    broker.close()
    db.dispose()


def _on_stop_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
