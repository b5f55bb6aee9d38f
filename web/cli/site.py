"""`loggia site`: the settings that administrators make in the pages, from a terminal."""

import click

from forum.members import site as verbs
from forum.members.actors import COMMAND_LINE
from reputation import demands
from web.cli.opening import as_json, listed, opened

NAMES = click.Choice(list(verbs.SETTINGS))


@click.group()
def site() -> None:
    """Name, registration, demands, announcement: what /admin/settings holds."""


@site.command("get")
@click.argument("name", required=False, type=NAMES)
@as_json
def get_(name: str | None, as_json: bool) -> None:
    """Print one setting, or all of them with where each comes from."""
    with opened() as (given, db), db.reading() as connection:
        holds, stored = verbs.read(connection, given), verbs.stored(connection)
    if name is not None:
        click.echo(getattr(holds, name))
        return
    rows = [(one, getattr(holds, one), "set" if one in stored else "default") for one in verbs.SETTINGS]
    listed("Settings of the site", ("name", "value", "from"), rows, as_json=as_json)


@site.command("set")
@click.argument("name", type=NAMES)
@click.argument("value")
def set_(name: str, value: str) -> None:
    """Set NAME to VALUE; an empty VALUE is the default again. A running site follows within a second."""
    with opened() as (_, db), db.transaction() as session:
        demands.follow(session, verbs.change(session, COMMAND_LINE, {name: value}))
    click.echo(f"{name} is set.")


COMMANDS = (site,)
