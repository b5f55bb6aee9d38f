"""The workers: in the web process when no broker is configured, else as many `loggia worker` processes as wanted.

The queue of record is the database. A Dramatiq message is a doorbell that may be lost, doubled or late: the tick of each
process finds work with no bell.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dramatiq
import structlog
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware

from crm_sync import delivering
from forum.kernel import egress, jobs, outbox
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads import places
from web.api.tables import prune as prune_idempotency_keys
from web.wiring import SUBSCRIBERS

TICK = 1.0  # seconds
QUEUE = "loggia"
_A_DAY = 86_400_000  # milliseconds; draining a backlog may take long, and each piece of it has a lease of its own
_BELL_BUDGET = 0.25  # seconds that ringing may take from a request
_log = structlog.get_logger("loggia.worker")


def make_broker(settings: Settings) -> dramatiq.Broker:
    """The broker that the settings name; without one, messages stay in this process."""
    if settings.broker_url is None:
        return StubBroker()
    if settings.broker_url.startswith("amqp"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=settings.broker_url)
    from dramatiq.brokers.redis import RedisBroker

    # Dramatiq's defaults bring a dead worker's messages back after half an hour; nothing here depends on it, but a queue
    # that keeps dead messages grows
    broker: dramatiq.Broker = RedisBroker(  # type: ignore[no-untyped-call]  # Dramatiq has no types for its brokers
        url=settings.broker_url,
        heartbeat_timeout=10_000,
        maintenance_chance=100_000,
        socket_timeout=5.0,
        socket_connect_timeout=_BELL_BUDGET,
    )
    return broker


@dataclass(frozen=True)
class Bell:
    """Wakes a worker after a commit. Never raises, never waits long; after a failure it rests for a while."""

    broker: dramatiq.Broker
    actor: dramatiq.Actor[Any, Any]

    def __call__(self) -> None:
        if time.monotonic() < _resting.until:
            return
        try:
            self.broker.enqueue(self.actor.message())
        except Exception as error:  # noqa: BLE001 - whatever the broker's trouble is, the tick finds the work
            _resting.until = time.monotonic() + 5
            _log.warning("the bell could not be rung", error=str(error))


class _Resting:
    until = 0.0


_resting = _Resting()


def declare(broker: dramatiq.Broker, work: Callable[[], object]) -> Bell:
    """Declare the one actor on this broker: it works off whatever is due."""

    def answer() -> None:
        work()

    options: dict[str, Any] = {"max_retries": 0, "max_age": 60_000, "time_limit": _A_DAY}
    actor = dramatiq.actor(broker=broker, actor_name="answer", queue_name=QUEUE, **options)(answer)
    return Bell(broker, actor)


def make_runners(db: Database, settings: Settings) -> tuple[jobs.Runner, jobs.Runner]:
    """The rounds of work of this installation: those on its own tables, and apart from them those that call other systems."""
    relay = outbox.Relay(db, SUBSCRIBERS)
    client = egress.Client(settings)
    return (
        jobs.Runner([relay.run_once, lambda: jobs.run_due(db, RECURRING)]),
        jobs.Runner([lambda: delivering.deliver_round(db, client, settings)]),
    )


RECURRING = (
    jobs.Recurring("outbox.prune", timedelta(hours=1), outbox.prune),
    jobs.Recurring("idempotency.prune", timedelta(hours=1), prune_idempotency_keys),
    jobs.Recurring("categories.recount", timedelta(minutes=1), places.recount_categories),
)


class Worker:
    """Work of one process, in two lanes: a system that takes half a minute to answer must not delay a notification."""

    def __init__(self, db: Database, settings: Settings) -> None:
        ours, outward = make_runners(db, settings)
        self._stopping = threading.Event()
        self._ours = _Lane("loggia-tick", ours, self._stopping)
        self._outward = _Lane("loggia-outward", outward, self._stopping)

    def work(self) -> None:
        """Drain what is due of our own, unless this process does so already, and wake the lane that calls other systems."""
        self._ours.work()
        self._outward.wake()

    def start_ticking(self) -> None:
        """Look for work each second from now on."""
        self._ours.start()
        self._outward.start()

    def stop(self) -> None:
        """Finish the pieces in hand and stop."""
        self._stopping.set()
        self._ours.stop()
        self._outward.stop()


class _Lane:
    """Rounds that one thread at a time works off, whether a bell or the tick woke it."""

    def __init__(self, name: str, runner: jobs.Runner, stopping: threading.Event) -> None:
        self._runner = runner
        self._stopping = stopping
        self._busy = threading.Lock()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._tick, name=name, daemon=True)

    def work(self) -> None:
        while not self._stopping.is_set() and self._busy.acquire(blocking=False):
            try:
                if not self._runner.run_once():
                    return
            except Exception as error:  # noqa: BLE001 - a database that is away comes back; the tick tries again
                _log.warning("a round of work failed", error=f"{type(error).__name__}: {error}")
                return
            finally:
                self._busy.release()

    def wake(self) -> None:
        self._woken.set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        with self._busy:
            pass

    def _tick(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(TICK)
            self._woken.clear()
            self.work()


class Ticking(Middleware):
    """Starts and stops the tick with a Dramatiq process."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        self._worker.start_ticking()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._worker.stop()


@dataclass(frozen=True)
class Embedded:
    """The worker inside the web process."""

    bell: Bell
    _worker: Worker
    _threads: dramatiq.Worker

    def stop(self) -> None:
        """Before the pool closes."""
        self._worker.stop()
        self._threads.stop(timeout=5_000)


def start_embedded(settings: Settings, db: Database) -> Embedded:
    """Start the worker in this process and let the database ring its bell."""
    broker, worker = make_broker(settings), Worker(db, settings)
    broker.add_middleware(Ticking(worker))
    bell = declare(broker, worker.work)
    broker.emit_after("process_boot")  # only Dramatiq's command line does so; middleware starts with it
    threads = dramatiq.Worker(broker, worker_threads=1)
    threads.start()
    db.bell = bell
    return Embedded(bell, worker, threads)


def ring_only(settings: Settings, db: Database) -> None:
    """For a web process whose workers are elsewhere: after a commit, ring at the broker."""
    db.bell = declare(make_broker(settings), lambda: None)
