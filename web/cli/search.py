"""`loggia search`."""

import click
from rich.progress import Progress

from forum.search import rebuilding
from web.cli.opening import opened


@click.group()
def search() -> None:
    """The search index."""


@search.command()
def reindex() -> None:
    """Rebuild the search index while it is being used."""
    with opened() as (_, db), Progress(transient=True) as bar:
        task = bar.add_task("Indexing", total=rebuilding.count(db))
        looked_at = rebuilding.rebuild(db, progress=lambda done: bar.advance(task, done))
    click.echo(f"{looked_at} threads and articles are indexed.")


COMMANDS = (search,)
