"""The database: engine, transactions, locks and column types. The one place that knows which database it is.

Writes: `with db.transaction() as session`. Reads of pages: `with db.reading() as connection` (no transaction, Core selects).
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any, TypeVar, cast, dataclass_transform

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Integer,
    String,
    Text,
    create_engine,
    event,
    literal_column,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from forum.kernel.errors import NotFound

BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in a column it calls INTEGER

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def folded(length: int) -> String:
    """A text that is compared, sorted and unique by its code points, on both databases; folded in Python before it is stored."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """A moment: microseconds since 1970 in the database, an aware datetime in UTC in Python. The same on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        # Not `process_result_value`: the wrapper around it would cost more than the value, 120 times a page.
        return _read_micros


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def _read_micros(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(0, 0, micros)


class Json(TypeDecorator[Any]):
    """A small value kept as JSON text, the same bytes on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column,))
class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """What every mapped class inherits: a dataclass whose rules a test can try without a database."""

    __table_args__ = cast("Any", {"sqlite_autoincrement": True})  # a number is never given twice


E = TypeVar("E", bound=Base)


class _FairLock:
    """First come, first served. SQLite's own waiting starves some threads for seconds; a queue starves none."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        self._acquire()
        try:
            yield
        finally:
            self._release()

    def _acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def _release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_RESTED = 1.0  # seconds
_SNAPSHOT = text("SELECT pg_current_snapshot()::text")
_DATA_VERSION = text("PRAGMA data_version")


class Database:
    """One database of an installation, with its connections."""

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.pool_size = pool_size
        make = _sqlite_engine if self.is_sqlite else _postgresql_engine
        self.engine = make(url, pool_size, reading=False)
        self._readers = make(url, pool_size, reading=True)
        self._writing = _FairLock()
        self._watcher: Connection | None = None
        self._watching = threading.Lock()
        self.bell: Callable[[], None] | None = None
        """Rung after a commit that recorded facts, to wake a worker at once. It must not raise; nothing depends on it."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: commits at the end, undoes everything when anything is raised."""
        with self._writing.held() if self.is_sqlite else nullcontext(), self._session() as session:
            yield session
        if self.bell is not None and session.info.get("outbox"):
            self.bell()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for selects, each seeing what is committed when it runs."""
        with self._readers.connect() as connection:
            yield connection

    def last_change(self, connection: Connection) -> int | str:
        """A word that is another one after every commit, whoever made it: what lists are compared by.

        `connection` is one of `reading()`. On SQLite each connection counts the commits of the others, so one that is kept
        for this alone is asked. On PostgreSQL the snapshot is asked, with the transactions that were still running then:
        the highest number alone would miss one that began earlier and committed later.
        """
        if not self.is_sqlite:
            return str(connection.execute(_SNAPSHOT).scalar_one())
        with self._watching:
            if self._watcher is None:
                self._watcher = self._readers.connect()
            return int(self._watcher.execute(_DATA_VERSION).scalar_one())

    def dispose(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        self._readers.dispose()
        self.engine.dispose()


def _sqlite_engine(url: str, pool_size: int, *, reading: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=5,
        pool_reset_on_return=None if reading else "rollback",
        hide_parameters=True,  # an error's text ends in logs, where no password's hash, address or letter of anybody belongs
        connect_args={"timeout": 10, "cached_statements": 512, "check_same_thread": False},
    )
    event.listen(engine, "connect", _sqlite_reader if reading else _sqlite_writer)
    if not reading:
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _sqlite_writer(connection: Any, _record: Any) -> None:
    connection.isolation_level = (
        None  # the driver would begin deferred transactions, which fail when they turn to writing
    )
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-8192", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_reader(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("query_only=ON", "cache_size=-8192", "mmap_size=268435456", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql_engine(url: str, pool_size: int, *, reading: bool) -> Engine:
    limits = "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s"
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None} if reading else {}
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=2,
        hide_parameters=True,
        connect_args={"options": limits, "prepare_threshold": 2},
        **options,
    )
    _ask_the_rested(engine)
    return engine


def _ask_the_rested(engine: Engine) -> None:
    """Ask a connection whether it still lives when it rested a while. Asking each time would cost every page a round trip."""

    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    def ask(connection: Any, record: ConnectionPoolEntry, _fairy: Any) -> None:
        if monotonic() - record.info.get("rests_since", monotonic()) < _RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as gone:
            raise InvalidatePoolError() from gone  # the pool begins anew, and its caller gets a fresh connection

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ask)


def locked(session: Session, entity: type[E], key: int) -> E:
    """Load a row and keep it ours until the transaction ends; rows that refer to it can still be added by others.

    Raises:
        NotFound: there is no such row.
    """
    found = session.get(entity, key, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound()
    return found


def hold_still(session: Session, entity: type[Base]) -> None:
    """Let nobody lock or change a row of a table until the transaction ends: for the rare rule that concerns all of them.

    Whoever locks a row first and then reads the rule sees either the rule or is seen by it. Call it before any other lock.
    """
    if not is_sqlite(session):
        session.execute(text(f"LOCK TABLE {entity.__tablename__} IN EXCLUSIVE MODE"))


def is_sqlite(session: Session | Connection) -> bool:
    """Whether this runs on the embedded database."""
    bind = session.get_bind() if isinstance(session, Session) else session
    return bind.dialect.name == "sqlite"


_SQLITE_NOW = (
    "(CAST(strftime('%s','now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f','now'), 4) AS INTEGER) * 1000)"
)
_POSTGRESQL_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
_SQLITE_MOMENT = literal_column(_SQLITE_NOW, UtcTime)
_POSTGRESQL_MOMENT = literal_column(_POSTGRESQL_NOW, UtcTime)
_SELECT_SQLITE_MOMENT, _SELECT_POSTGRESQL_MOMENT = select(_SQLITE_MOMENT), select(_POSTGRESQL_MOMENT)


def database_now(session: Session) -> datetime:
    """What the database's own clock says: the judge of leases, whatever the clocks of the workers show."""
    return session.scalars(_SELECT_SQLITE_MOMENT if is_sqlite(session) else _SELECT_POSTGRESQL_MOMENT).one()


def database_moment(session: Session | Connection) -> ColumnElement[datetime]:
    """The database's own clock as a part of a statement, where asking it first would cost a journey of its own."""
    return _SQLITE_MOMENT if is_sqlite(session) else _POSTGRESQL_MOMENT


def skip_locked(session: Session) -> dict[str, Any]:
    """Options of `with_for_update` that pass over rows others hold. SQLite has one writer, so nobody holds any."""
    return {"key_share": True, "skip_locked": True}


def insert_new(session: Session | Connection, table: type[Base]) -> Any:
    """An INSERT that passes over rows whose key is there already; takes `.values(…)` or `.from_select(…)` like any other."""
    return _insert_new(table, on_sqlite=is_sqlite(session))


@cache
def _insert_new(table: type[Base], *, on_sqlite: bool) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return (sqlite if on_sqlite else postgresql).insert(table).on_conflict_do_nothing()
