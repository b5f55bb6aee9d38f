"""`loggia reputation`."""

import click

from reputation import rebuilding
from web.cli.opening import as_json, listed, opened


@click.group()
def reputation() -> None:
    """The ledger and the totals."""


@reputation.command()
@as_json
def rebuild(as_json: bool) -> None:
    """Recompute every total from the ledger's events, and print what differed."""
    with opened() as (_, db):
        found = rebuilding.rebuild(db)
    if not found and not as_json:
        click.echo("Every total was the sum of its ledger.")
        return
    listed(
        "Totals that differed",
        ("handle", "was", "is now"),
        [(each.handle, each.was, each.is_now) for each in found],
        as_json=as_json,
    )


COMMANDS = (reputation,)
