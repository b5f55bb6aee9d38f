"""`loggia crm`: how the company's connections do, and trying again what did not pass."""

from collections.abc import Iterator
from datetime import datetime

import click
from sqlalchemy import Connection

from crm_sync import pages, replaying
from forum.kernel.db import Database
from forum.members.actors import COMMAND_LINE
from web.cli.opening import as_json, listed, opened

_COLUMNS = ("connection", "health", "waiting", "on its way", "unsure", "held", "parked", "delivered (24 h)", "oldest waiting", "last success", "why")  # fmt: skip
_DEAD = ("delivery", "connection", "what", "tries", "why")


@click.group()
def crm() -> None:
    """The connections to the company's systems."""


@crm.command()
@as_json
def status(as_json: bool) -> None:
    """How each connection does, and which deliveries wait for a person."""
    with opened() as (_, db), db.reading() as connection:
        page = pages.connections_page(connection, COMMAND_LINE)
        dead = list(_all_dead(connection)) if as_json else list(page.dead)
    if as_json:
        shown = [(*_health(each), _dead_of(each, dead)) for each in page.connections]
        listed("Connections", (*_COLUMNS, "could not be delivered"), shown, as_json=True)
        return
    listed("Connections", _COLUMNS, [_health(each) for each in page.connections], as_json=False)
    if dead:
        click.echo()
        listed(f"Could not be delivered: {page.dead_count}", _DEAD, [_dead(line) for line in dead], as_json=False)
        click.echo("\nTry one again with: loggia crm replay DELIVERY   All of them: loggia crm replay --dead")


@crm.command()
@click.argument("deliveries", type=int, nargs=-1, metavar="[DELIVERY]...")
@click.option("--dead", is_flag=True, help="All that could not be delivered.")
def replay(deliveries: tuple[int, ...], dead: bool) -> None:
    """Try deliveries again that could not be delivered, under the same keys."""
    if bool(deliveries) == dead:
        raise click.UsageError("Name the deliveries, or say --dead for all that could not be delivered.")
    with opened() as (_, db):
        count = _replay_dead(db) if dead else _replay(db, deliveries)
    click.echo(f"{count} will be tried again.")


@crm.command()
def retract() -> None:
    """Tell the connections all about questions and ideas anew: names go that were told before anybody was asked.

    The worker carries it out. What says the same already is not sent again.
    """
    total = 0
    after: tuple[str, int] | None = ("", 0)
    with opened() as (_, db):
        while after is not None:
            with db.transaction() as session:
                done, after = replaying.retract(session, COMMAND_LINE, after=after)
            total += done
    click.echo(f"{total} will be told anew.")


def _replay(db: Database, deliveries: tuple[int, ...]) -> int:
    with db.transaction() as session:
        for delivery_id in deliveries:
            replaying.replay(session, COMMAND_LINE, delivery_id=delivery_id)
    return len(deliveries)


def _replay_dead(db: Database) -> int:
    total, done = 0, 1
    while done:
        with db.transaction() as session:
            done = replaying.replay_dead(session, COMMAND_LINE)
        total += done
    return total


def _health(each: pages.ConnectionHealth) -> tuple[object, ...]:
    counts = (each.counts[state] for state in ("waiting", "running", "unsure", "held", "parked"))
    lately = (each.delivered_in_a_day, _moment(each.oldest_waiting_at), _moment(each.last_success_at))
    return (each.name, each.health, *counts, *lately, None if each.why is None else str(each.why))


def _all_dead(connection: Connection) -> Iterator[pages.DeliveryLine]:
    """A program has room for all of them; people see the newest twenty."""
    cursor: str | None = None
    while True:
        page = pages.deliveries_list(connection, COMMAND_LINE, state="dead", cursor=cursor, limit=100)
        yield from page.items
        if page.next is None:
            return
        cursor = page.next


def _dead_of(each: pages.ConnectionHealth, dead: list[pages.DeliveryLine]) -> list[dict[str, object]]:
    lines = (_dead(line) for line in dead if line.connection_id == each.id)
    return [dict(zip(_DEAD, line, strict=True)) for line in lines]


def _dead(line: pages.DeliveryLine) -> tuple[object, ...]:
    return (
        line.id,
        line.connection,
        f"{line.kind} {line.local_id}: {line.title}",
        line.attempt,
        None if line.why is None else str(line.why),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


COMMANDS = (crm,)
