"""`loggia db`: the schema of the database."""

import click

from forum.kernel import settings
from forum.kernel.db import Database
from web import migrations
from web.cli import opening


@click.group()
def db() -> None:
    """Bring the database up to date, or take it back."""


@db.command()
def upgrade() -> None:
    """Run every migration that is missing. Safe to run twice, and by several machines at once."""
    given = settings.load()
    if given.is_sqlite:
        given.var_dir.mkdir(parents=True, exist_ok=True)
    opening.upgrade(given)
    click.echo(f"The database is at revision {migrations.head()}.")


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the database back to REVISION ("base" for nothing at all)."""
    migrations.downgrade(settings.load().database_url, revision)
    click.echo(f"The database is at revision {revision}.")


@db.command()
def check() -> None:
    """Say at which revision the database is; status 1 when it is not the newest."""
    database = Database(settings.load().database_url, pool_size=1)
    try:
        with database.engine.connect() as connection:
            at = migrations.current(connection)
    finally:
        database.dispose()
    click.echo(f"The database is at revision {at or 'none'}; the newest is {migrations.head()}.")
    if at != migrations.head():
        raise SystemExit(1)


COMMANDS = (db,)
