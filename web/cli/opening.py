"""What every command needs: the settings, an up-to-date database, a way to list things."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

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
    """Make sure that the database can be used by this version."""
    if given.is_sqlite:
        given.var_dir.mkdir(parents=True, exist_ok=True)
    db = Database(given.database_url, pool_size=1)
    try:
        up_to_date = migrations.is_current(db.engine)
    finally:
        db.dispose()
    if up_to_date:
        return
    if not given.is_sqlite:
        raise NotCurrent()
    upgrade(given)


def upgrade(given: Settings) -> None:
    """Bring the database up to date. Every installation has its journal of what the company would be told, from the start."""
    migrations.upgrade(given.database_url)
    db = Database(given.database_url, pool_size=1)
    try:
        with db.transaction() as session:
            ensure_default_connection(session)
    finally:
        db.dispose()


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
