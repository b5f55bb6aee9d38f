"""The workers: in the web process when no broker is configured, else as many `loggia worker` processes as wanted.

The queue of record is the database. A Dramatiq message is a doorbell that may be lost, doubled or late: the tick of each
process finds work with no bell.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import dramatiq
import structlog
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware

from crm_sync import delivering
from forum.kernel import egress, jobs, outbox
from forum.kernel.db import Database
from forum.kernel.mailer import Mailer
from forum.kernel.settings import Settings
from forum.members import avatars, claims, leaving, posting
from forum.threads import places, week
from moderation import pages
from web import mails
from web.api.tables import prune as prune_idempotency_keys
from web.wiring import SUBSCRIBERS

TICK = 1.0  # seconds
QUEUE = "loggia"
LISTEN = 100  # milliseconds between two looks into an idle queue; Dramatiq's own second would make the bell as slow as the tick
_LONGEST_PIECE = 35.0  # seconds: a call outward may take thirty
_REST = 5.0  # seconds that the bell is silent after the broker did not take a message
_log = structlog.get_logger("loggia.worker")


def make_broker(settings: Settings) -> dramatiq.Broker:
    """The broker that the settings name; without one, messages stay in this process."""
    if settings.broker_url is None:
        return StubBroker()
    if settings.broker_url.startswith("amqp"):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=settings.broker_url)
    return _redis_broker(settings.broker_url)


def _redis_broker(url: str) -> dramatiq.Broker:
    import redis
    from dramatiq.brokers.redis import RedisBroker
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # the limits go with a client: beside an address, this broker ignores them
    client = redis.Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0))
    # Dramatiq's defaults bring a dead worker's messages back after half an hour; nothing here depends on it, but a queue
    # that keeps dead messages grows
    broker: dramatiq.Broker = RedisBroker(  # type: ignore[no-untyped-call]  # Dramatiq has no types for its brokers
        client=client, heartbeat_timeout=10_000, maintenance_chance=100_000
    )
    return broker


def why_silent(settings: Settings) -> str | None:
    """What keeps the broker from answering; None when it answers, or when it cannot be asked in a word."""
    broker = make_broker(settings)
    client = getattr(broker, "client", None)
    try:
        if client is not None:
            client.ping()
    except Exception as error:  # noqa: BLE001 - every trouble is the answer here
        return str(error) or type(error).__name__
    finally:
        close(broker)
    return None


def close(broker: dramatiq.Broker) -> None:
    """Let go of the broker and of its connections, which some brokers keep."""
    broker.close()
    client = getattr(broker, "client", None)
    if client is not None:
        client.close()


class Bell:
    """Wakes a worker after a commit. It rings from a thread of its own, so that a request neither waits for the broker nor
    fails with it; rings that come while one is under way are one. After a failure it rests for a while.
    """

    def __init__(self, ring: Callable[[], object], *, rest: float = _REST) -> None:
        self._ring = ring
        self._rest = rest
        self._rung = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="loggia-bell", daemon=True)
        self._thread.start()

    def __call__(self) -> None:
        self._rung.set()

    def stop(self) -> None:
        """Ring no more. What is under way may take the broker a moment; nobody waits for it long."""
        self._stopped.set()
        self._rung.set()
        self._thread.join(timeout=1)

    def _listen(self) -> None:
        while self._rung.wait() and not self._stopped.is_set():
            self._rung.clear()
            try:
                self._ring()
            except Exception as error:  # noqa: BLE001 - whatever the broker's trouble is, the tick finds the work
                _log.warning("the bell could not be rung", error=str(error))
                self._stopped.wait(self._rest)


def declare(broker: dramatiq.Broker, work: Callable[[], object]) -> Bell:
    """Declare the one actor on this broker: it wakes whoever works off what is due. Returns the bell that sends it a message."""

    def answer() -> None:
        work()

    actor = dramatiq.actor(broker=broker, actor_name="answer", queue_name=QUEUE, max_retries=0, max_age=60_000)(answer)
    return Bell(lambda: broker.enqueue(actor.message()))


def reckon_the_week(db: Database) -> None:
    """The figures of the front page, of the forum and of the public log together."""
    with db.transaction() as session:
        week.reckon(session, decisions=pages.logged_since(session, week.since()))


RECURRING = (
    jobs.Recurring("outbox.prune", timedelta(hours=1), outbox.prune),
    jobs.Recurring("idempotency.prune", timedelta(hours=1), prune_idempotency_keys),
    jobs.Recurring("mails.prune", timedelta(hours=1), posting.prune),
    jobs.Recurring("members.leave", timedelta(hours=1), leaving.delete_the_long_gone),
    jobs.Recurring("categories.recount", timedelta(minutes=1), places.recount_categories),
    jobs.Recurring("week.reckon", timedelta(minutes=1), reckon_the_week),
)


def recurring(settings: Settings) -> tuple[jobs.Recurring, ...]:
    """All that comes back, with what wants to know where files lie and which domains are the company's."""
    sweep = partial(avatars.sweep, folder=settings.uploads_dir)
    lapse = partial(claims.end_the_old, staff_domains=settings.staff_domains)
    return (
        *RECURRING,
        jobs.Recurring("avatars.sweep", timedelta(hours=1), sweep),
        jobs.Recurring("claims.lapse", timedelta(hours=1), lapse),
    )


class Worker:
    """Work of one process, in lanes: a system that takes half a minute to answer must not delay a notification.

    `hands` work on the installation's own tables at once, which helps where their database has many writers.
    """

    def __init__(self, db: Database, settings: Settings, *, hands: int = 1) -> None:
        self._stopping = threading.Event()
        self._relay = outbox.Relay(db, SUBSCRIBERS)
        client = egress.Client(settings)
        self._mail = self._lane("mail", self._postman(db, settings).run_once)
        outward = partial(delivering.deliver_round, db, client, settings, going_on=self._is_going_on)
        self._outward = self._lane("outward", outward)
        self._own = [self._lane("own", self._relay_facts) for _ in range(1 if db.is_sqlite else hands)]
        regular = self._lane("regular", partial(jobs.run_due, db, recurring(settings)))
        self._lanes = (*self._own, self._outward, self._mail, regular)

    def _postman(self, db: Database, settings: Settings) -> posting.Postman:
        return posting.Postman(
            db,
            Mailer(settings),
            mails.renderer(settings, mails.site_in(db, settings)),
            secret_key=settings.secret_key,
            base_url=settings.base_url,
            going_on=self._is_going_on,
        )

    def _lane(self, name: str, run: Callable[[], int]) -> "_Lane":
        return _Lane(f"loggia-{name}", run, self._stopping)

    def _is_going_on(self) -> bool:
        return not self._stopping.is_set()

    def _relay_facts(self) -> int:
        done = self._relay.run_once()
        if done:
            self._outward.wake()  # what came of it may have to go out
        return done

    def wake(self) -> None:
        """Look for work now."""
        for lane in self._own:
            lane.wake()
        self._outward.wake()
        self._mail.wake()

    def start_ticking(self) -> None:
        """Look for work each second from now on."""
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Finish the pieces in hand and stop."""
        self._stopping.set()
        for lane in self._lanes:
            lane.wake()
        for lane in self._lanes:
            lane.join()


class _Lane:
    """Rounds that one thread makes: at each tick and each time it is woken, until nothing is due."""

    def __init__(self, name: str, run: Callable[[], int], stopping: threading.Event) -> None:
        self._run = run
        self._stopping = stopping
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._tick, name=name, daemon=True)

    def wake(self) -> None:
        self._woken.set()  # during a round too: what was committed after the round's look is found by the next one

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join(timeout=_LONGEST_PIECE)

    def _tick(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(TICK)
            self._woken.clear()
            self._work_off()

    def _work_off(self) -> None:
        try:
            while not self._stopping.is_set() and self._run():
                pass
        except Exception as error:  # noqa: BLE001 - a database that is away comes back; the tick tries again
            _log.warning("a round of work failed", error=f"{type(error).__name__}: {error}")


class Ticking(Middleware):
    """Starts and stops the tick with a Dramatiq process."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        self._worker.start_ticking()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._worker.stop()


@dataclass(frozen=True)
class Listening:
    """A worker that ticks and answers the bell, until it is stopped."""

    bell: Bell
    _broker: dramatiq.Broker
    _worker: Worker
    _threads: dramatiq.Worker

    def stop(self) -> None:
        """Finish the pieces in hand and stop; before the database is closed."""
        self._worker.stop()
        self._threads.stop(timeout=5_000)
        self.bell.stop()
        close(self._broker)


def start(settings: Settings, db: Database, *, hands: int = 1) -> Listening:
    """Start a worker in this process, and let the database ring its bell."""
    broker, worker = make_broker(settings), Worker(db, settings, hands=hands)
    _quieten_dramatiq()
    broker.add_middleware(Ticking(worker))
    bell = declare(broker, worker.wake)
    broker.emit_after("process_boot")  # only Dramatiq's command line does so; middleware starts with it
    threads = dramatiq.Worker(broker, worker_threads=1, worker_timeout=LISTEN)
    threads.start()
    db.bell = bell
    return Listening(bell, broker, worker, threads)


def ring_only(settings: Settings, db: Database) -> Bell:
    """For a web process whose workers are elsewhere: after a commit, ring at the broker."""
    db.bell = declare(make_broker(settings), lambda: None)
    return db.bell


class _Seldom(logging.Filter):
    """One line a minute. A broker that is away is not worth three lines a second, from each of its queues."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        moment = time.monotonic()
        if moment < self._next:
            return False
        self._next = moment + 60
        record.msg, record.args, record.exc_info = "the broker is away; work is found by the tick", (), None
        return True


def _quieten_dramatiq() -> None:
    seldom = _Seldom()
    for queue in (QUEUE, f"{QUEUE}.DQ"):
        listener = logging.getLogger(f"dramatiq.worker.ConsumerThread({queue})")
        listener.filters[:] = [seldom]
