"""`loggia moderation`: the public log."""

import click

from forum.members.actors import COMMAND_LINE
from moderation import decisions, verifying
from web.cli.opening import as_json, listed, opened


@click.group()
def moderation() -> None:
    """The public log of decisions."""


@moderation.command()
@as_json
def verify(as_json: bool) -> None:
    """Check that the log is whole: every number, every hash, every text that is not redacted. Status 1 when it is not."""
    with opened() as (_, db), db.reading() as connection:
        found = list(verifying.verify(connection))
    wrong = [each for each in found if not each.is_sound]
    redacted = sum(each.state == "redacted" for each in found)
    if as_json:
        listed("", ("number", "state", "hash"), [(each.number, each.state, each.hash) for each in found], as_json=True)
    else:
        for each in found:
            if each.state != "sound":
                click.echo(f"{each.number}: {each.state}")
        click.echo(_verdict(len(found), redacted, len(wrong), found[-1].hash if found else ""))
    raise SystemExit(1 if wrong else 0)


def _verdict(entries: int, redacted: int, wrong: int, head: str) -> str:
    if wrong:
        return f"The chain is broken: {wrong} of {entries} entries do not hold."
    return f"The chain is whole: {entries} entries, {redacted} of them redacted. It ends in {head or 'nothing yet'}."


@moderation.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why, as everybody will read it.")
def redact(number: int, reason: str) -> None:
    """Take the words and the target out of entry NUMBER. The fact stays, and a new entry tells of the redaction."""
    with opened() as (_, db), db.transaction() as session:
        entry = decisions.redact(session, COMMAND_LINE, number=number, text=reason)
        click.echo(f"Entry {number} is redacted. Entry {entry.number} says so.")


COMMANDS = (moderation,)
