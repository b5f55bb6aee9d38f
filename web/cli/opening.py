"""What every command needs: the settings, an up-to-date database, a way to list things."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError, IntegrityError

from crm_sync.connections import ensure_default_connection
from forum.kernel import settings
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from web import migrations


class NotCurrent(click.ClickException):
    """The database lacks migrations."""

    def __init__(self) -> None:
        super().__init__("The database is not up to date. Run: loggia db upgrade")


@contextmanager
def opened(given: Settings | None = None) -> Iterator[tuple[Settings, Database]]:
    """The settings and the database of this installation. The embedded database is made and upgraded on the way.

    Raises:
        SettingError: a variable is wrong.
        NotCurrent: a served database lacks migrations, which its operator runs.
    """
    given = given or settings.load()
    prepare(given)
    db = Database(given.database_url)
    try:
        yield given, db
    finally:
        db.dispose()


def prepare(given: Settings) -> None:
    """Make sure that the database can be used by this version, and has what every installation has from the start.

    Raises:
        SettingError: the database does not answer, or its folder cannot be written.
        NotCurrent: a served database lacks migrations.
        TooNew: it was written by a newer version.
    """
    if given.is_sqlite:
        make_writable(given)
    db = Database(given.database_url, pool_size=1)
    try:
        if _is_current(given, db):
            _furnish(db)
            return
    finally:
        db.dispose()
    if not given.is_sqlite:
        raise NotCurrent()
    upgrade(given)


def upgrade(given: Settings) -> None:
    """Bring the database up to date. Every installation has its journal of what the company would be told, from the start."""
    migrations.upgrade(given.database_url)
    db = Database(given.database_url, pool_size=1)
    try:
        _furnish(db)
    finally:
        db.dispose()


def make_writable(given: Settings) -> None:
    """Make the folder of this installation's own files, and write in it.

    Raises:
        SettingError: that does not work.
    """
    try:
        given.var_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=given.var_dir):
            pass
    except OSError as error:
        wants = f"a directory that can be written ({(error.strerror or str(error)).lower()})"
        raise settings.SettingError("LOGGIA_VAR_DIR", str(given.var_dir), wants) from None


def _is_current(given: Settings, db: Database) -> bool:
    try:
        return migrations.is_current(db.engine)
    except DatabaseError as error:
        got = make_url(given.database_url).render_as_string(hide_password=True)
        wants = f"a database that answers ({str(error.orig).splitlines()[0]})"
        raise settings.SettingError("LOGGIA_DATABASE_URL", got, wants) from None


def _furnish(db: Database) -> None:
    try:
        with db.transaction() as session:
            ensure_default_connection(session)
    except IntegrityError:
        pass  # another process made it in the same moment


def listed(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, as_json: bool) -> None:
    """Print a list: a table for people, or JSON objects for programs."""
    if as_json:
        items = [dict(zip(columns, row, strict=True)) for row in rows]
        click.echo(msgspec.json.format(msgspec.json.encode(items), indent=2).decode())
        return
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
