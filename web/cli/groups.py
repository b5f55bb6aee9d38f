"""`loggia groups`: people who are treated alike, for whoever sets a community up from a terminal."""

import click
from sqlalchemy import Connection

from forum.kernel.errors import N_, NotFound, Text
from forum.members import groups as verbs
from forum.members.actors import COMMAND_LINE
from forum.members.group_pages import InGroup, group_list, group_page
from forum.members.keys import handle_key
from web.cli.opening import as_json, listed, opened

_COLUMNS = ("id", "name", "kind", "people", "claim", "level", "description")


@click.group()
def groups() -> None:
    """Groups of people; NAME is a group's name."""


@groups.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List them by their names."""
    with opened() as (_, db), db.reading() as connection:
        found = group_list(connection, COMMAND_LINE)
    listed("Groups", _COLUMNS, [[getattr(one, name) for name in _COLUMNS] for one in found], as_json=as_json)


@groups.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(verbs.KINDS), default="manual", show_default=True, help="How it is filled.")
@click.option("--description", default="", help="Who belongs to it, in a sentence.")
@click.option("--claim", default="", help="For the kind claim: what a provider calls it.")
@click.option("--level", type=int, default=0, help="For the kind trust: from which trust level on.")
def create(name: str, kind: str, description: str, claim: str, level: int) -> None:
    """Make the group NAME."""
    with opened() as (_, db), db.transaction() as session:
        verbs.create(session, COMMAND_LINE, name=name, kind=kind, description=description, claim=claim, level=level)
    click.echo(f"{name} is there.")


@groups.command()
@click.argument("name")
def delete(name: str) -> None:
    """Do away with the group NAME."""
    with opened() as (_, db), db.transaction() as session:
        verbs.delete(session, COMMAND_LINE, group_id=group_named(session.connection(), name))
    click.echo(f"{name} is gone.")


@groups.command()
@click.argument("name")
@as_json
def people(name: str, as_json: bool) -> None:
    """List who is in the group NAME."""
    found: list[InGroup] = []
    with opened() as (_, db), db.reading() as connection:
        group_id = group_named(connection, name)
        cursor: str | None = ""
        while cursor is not None:
            _, page = group_page(connection, COMMAND_LINE, group_id=group_id, cursor=cursor, limit=500)
            found += page.items
            cursor = page.next
    listed(name, ("handle", "name", "source"), [(one.handle, one.name, one.source) for one in found], as_json=as_json)


@groups.command()
@click.argument("name")
@click.argument("handles", nargs=-1, required=True)
def add(name: str, handles: tuple[str, ...]) -> None:
    """Put the members called HANDLES into the group NAME: all of them or, where one is not there, none."""
    with opened() as (_, db), db.transaction() as session:
        group_id = group_named(session.connection(), name)
        for handle in handles:
            verbs.add(session, COMMAND_LINE, group_id=group_id, handle=handle)
    click.echo(f"In {name} now: {', '.join(handles)}.")


@groups.command()
@click.argument("name")
@click.argument("handles", nargs=-1, required=True)
def remove(name: str, handles: tuple[str, ...]) -> None:
    """Take the members called HANDLES out of the group NAME."""
    with opened() as (_, db), db.transaction() as session:
        group_id = group_named(session.connection(), name)
        for handle in handles:
            verbs.remove(session, COMMAND_LINE, group_id=group_id, handle=handle)
    click.echo(f"In {name} no more: {', '.join(handles)}.")


def group_named(connection: Connection, name: str) -> int:
    """The group of that name, written in capitals or not.

    Raises:
        NotFound: no group has it.
    """
    key = handle_key(name)
    for one in group_list(connection, COMMAND_LINE):
        if handle_key(one.name) == key:
            return one.id
    raise NotFound(Text(N_("There is no group called %(name)s."), name=name))


COMMANDS = (groups,)
