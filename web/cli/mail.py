"""`loggia mail`: what could not be sent, and sending it again or giving it up."""

from collections.abc import Callable, Iterator

import click
from sqlalchemy import Connection

from forum.kernel.db import Database
from forum.members import mailing, unsent
from forum.members.actors import COMMAND_LINE
from forum.members.unsent import UnsentMail
from web.cli.opening import as_json, listed, opened

_COLUMNS = ("mail", "kind", "to", "member", "tries", "since", "too old", "why")


@click.group()
def mail() -> None:
    """Mails that could not be sent."""


@mail.command()
@as_json
def status(as_json: bool) -> None:
    """How many mails are on their way, and which wait for a person."""
    with opened() as (_, db), db.reading() as connection:
        counts = mailing.counts(connection)
        rows = [_row(one) for one in _all(connection)]
    if not as_json:
        click.echo(f"On their way: {counts['waiting'] + counts['running']}\n")
    listed(f"Could not be sent: {counts['parked']}", _COLUMNS, rows, as_json=as_json)
    if rows and not as_json:
        click.echo("\nSend one again with: loggia mail replay MAIL   All of them: loggia mail replay --dead")


@mail.command()
@click.argument("mails", type=int, nargs=-1, metavar="[MAIL]...")
@click.option("--dead", is_flag=True, help="All that could not be sent and are still of use.")
def replay(mails: tuple[int, ...], dead: bool) -> None:
    """Send mails again that could not be sent."""
    if bool(mails) == dead:
        raise click.UsageError("Name the mails, or say --dead for all that could not be sent.")
    with opened() as (_, db):
        count = _replay_dead(db) if dead else _each(db, mails, unsent.send_again)
    click.echo(f"{count} will be sent again.")


@mail.command("give-up")
@click.argument("mails", type=int, nargs=-1, required=True, metavar="MAIL...")
def give_up(mails: tuple[int, ...]) -> None:
    """Send these mails never, and forget their addresses."""
    with opened() as (_, db):
        count = _each(db, mails, unsent.give_up)
    click.echo(f"{count} given up.")


def _each(db: Database, mails: tuple[int, ...], verb: Callable[..., None]) -> int:
    with db.transaction() as session:
        for mail_id in mails:
            verb(session, COMMAND_LINE, mail_id=mail_id)
    return len(mails)


def _replay_dead(db: Database) -> int:
    total, done = 0, 1
    while done:
        with db.transaction() as session:
            done = unsent.send_all_again(session, COMMAND_LINE)
        total += done
    return total


def _all(connection: Connection) -> Iterator[UnsentMail]:
    cursor: str | None = ""
    while cursor is not None:
        page = unsent.unsent_list(connection, COMMAND_LINE, cursor=cursor, limit=100)
        yield from page.items
        cursor = page.next


def _row(one: UnsentMail) -> tuple[object, ...]:
    since = one.parked_at.isoformat(timespec="seconds")
    return (one.id, one.kind, one.to, one.handle or None, one.attempt, since, one.is_too_old, str(one.reason))


COMMANDS = (mail,)
