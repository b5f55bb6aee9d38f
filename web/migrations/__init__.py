"""The one history of the schema, and the doors to it: upgrade, downgrade, and the check that code and history agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

from forum.kernel.db import Database

_HERE = Path(__file__).parent
_ADVISORY_LOCK = 7_406_714  # any number, the same in every process that migrates


class NoSuchRevision(Exception):
    """There is no earlier revision of that name to take the database back to."""


class TooNew(Exception):
    """The database was written by a newer version of Loggia."""


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring a database up to date; several processes may try at once.

    Raises:
        TooNew: it is ahead of this version.
    """
    with _connected(database_url) as connection, _tables_may_be_replaced(connection):
        _refuse_newer(connection)
        from alembic import command

        command.upgrade(_config(connection), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Take a database back to an earlier revision, or with "base" to nothing at all.

    Raises:
        NoSuchRevision: there is none of this name, or the database is not that far yet.
    """
    with _connected(database_url) as connection, _tables_may_be_replaced(connection):
        _refuse_unknown(connection, revision)
        from alembic import command

        command.downgrade(_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision; says so without importing Alembic.

    Raises:
        TooNew: it is ahead of this version.
    """
    with engine.connect() as connection:
        _refuse_newer(connection)
        return current(connection) == head()


def head() -> str:
    """The newest revision, by the order of the file names."""
    return max(_revisions())


def current(connection: Connection) -> str | None:
    """The revision that a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def differences(database_url: str) -> list[str]:
    """What the mapped classes have and the history lacks, or the reverse; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from web.migrations import full_text
    from web.tables import METADATA

    with _connected(database_url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": full_text.is_mapped,
                "include_object": full_text.is_mapped_object,
            },
        )
        return [str(difference) for difference in compare_metadata(context, METADATA)]


def _revisions() -> set[str]:
    return {path.name.split("_")[0] for path in (_HERE / "versions").glob("[0-9]*_*.py")}


def _refuse_newer(connection: Connection) -> None:
    at = current(connection)
    if at is not None and at not in _revisions():
        raise TooNew(
            f"The database is at revision {at}, which this version of Loggia does not know. Install the newer version."
        )
    connection.rollback()


def _refuse_unknown(connection: Connection, revision: str) -> None:
    at = current(connection)
    if revision != "base" and (revision not in _revisions() or at is None or revision > at):
        raise NoSuchRevision(
            f'The database is at revision {at or "none"}; there is no earlier one called "{revision}" to take it back to.'
        )
    connection.rollback()


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    db = Database(database_url, pool_size=1)
    try:
        # the limits of ordinary requests would end a long migration half-way
        with db.engine.connect() as connection:
            if not db.is_sqlite:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
                connection.commit()
            yield connection
    finally:
        db.dispose()


@contextmanager
def _tables_may_be_replaced(connection: Connection) -> Iterator[None]:
    """SQLite changes many a thing by making a table anew and dropping the old one, to which others refer meanwhile.

    Its own recipe (https://www.sqlite.org/lang_altertable.html, section 7) is to let references rest, outside of any
    transaction, and to check them all afterwards.

    Raises:
        RuntimeError: a migration left a reference to a row that is not there.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"The migration left references to nothing: {broken[:10]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
