"""`loggia import`: bringing communities in from elsewhere."""

from collections import Counter
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from forum.exchange.discourse.importing import import_export
from forum.exchange.reporting import Report
from forum.exchange.stackexchange.importing import import_dump
from forum.kernel.db import Database
from forum.search import rebuilding as search
from forum.threads import places, recounting
from reputation import rebuilding as reputation
from web.cli.opening import opened

SHOWN_BAD_ROWS = 20


@click.group("import")
def import_() -> None:
    """Bring in a community from elsewhere. Safe to run twice."""


@import_.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--site", default=None, help="The host name that the dump is of, where nothing in it tells.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON for programs.")
def stackexchange(directory: Path, site: str | None, as_json: bool) -> None:
    """Import a Stack Exchange data dump from DIRECTORY: Posts.xml and whatever else is there, plain or .xz.

    Nobody is told of what is imported. A row that cannot be read is reported with its file and number, and skipped. Afterwards
    search, ranking and reputation are brought level with what came.
    """
    with opened() as (_, db), _bar() as bar:
        report = import_dump(db, directory, progress=_Steps(bar), site=site)
        rebuild_all(db, bar)
    _show(report, as_json=as_json)


@import_.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--site", default=None, help="The host name of the site, where nothing in the files tells.")
@click.option("--licence", default="", help="Under which people wrote there; it is shown with each post.")
@click.option("--ideas", multiple=True, help="A category, by name, slug or number, whose topics are ideas; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON for programs.")
def discourse(paths: tuple[Path, ...], site: str | None, licence: str, ideas: tuple[str, ...], as_json: bool) -> None:
    """Import a Discourse site from PATHS: files and folders with topics and categories as JSON (/t/ID.json, /categories.json, or a
    line for each topic) and what people typed (/raw/ID as ID.md), packed or not.

    Nobody is told of what is imported. What cannot be read is reported with its file and row, and skipped. Old addresses lead to the
    new ones. Afterwards search, ranking and reputation are brought level with what came.
    """
    with opened() as (_, db), _bar() as bar:
        report = import_export(db, paths, progress=_Steps(bar), site=site, licence=licence, ideas=ideas)
        rebuild_all(db, bar)
    _show(report, as_json=as_json)


def rebuild_all(db: Database, bar: Progress) -> None:
    """What is computed from history: counters and ranking, points, the search index."""
    task = bar.add_task("counting", total=None)
    last = 0
    while True:
        with db.transaction() as session:
            last, _ = recounting.rebuild_batch(session, after=last)
        if not last:
            break
    with db.transaction() as session:
        recounting.rebuild_tags(session)
    places.recount_categories(db)
    reputation.rebuild(db)
    bar.update(task, description="indexing", total=search.count(db), completed=0)
    search.rebuild(db, progress=lambda done: bar.advance(task, done))


class _Steps:
    """A line of the bar for each file, as it is read."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(name, total=total)
        self._bar.update(self._tasks[name], completed=done, total=total)


def silent() -> Progress:
    """A bar that nobody sees, for whoever rebuilds without a person looking on."""
    return Progress(disable=True)


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report, enc_hook=str), indent=2).decode())
    else:
        _tell(report)


def _tell(report: Report) -> None:
    table = Table(
        "", "found", "added now", "left out", box=None, pad_edge=False, title=report.site, title_justify="left"
    )
    for kind in sorted({*report.found, *report.added, *report.left_out}):
        table.add_row(kind, *(f"{counts[kind]:,}" if counts[kind] else "" for counts in _columns(report)))
    Console().print(table)
    if report.missing_files:
        click.echo(f"Not in the dump: {', '.join(report.missing_files)}.")
    if report.unlike_count:
        click.echo(f"{report.unlike_count} posts say something else than they did there; --json names them.")
    for bad in report.bad_rows[:SHOWN_BAD_ROWS]:
        click.echo(f"Skipped: {bad.file}, row {bad.row}: {bad.reason}", err=True)
    if report.bad_count > SHOWN_BAD_ROWS:
        click.echo(f"Skipped: {report.bad_count - SHOWN_BAD_ROWS} more rows.", err=True)


def _columns(report: Report) -> tuple[Counter[str], Counter[str], Counter[str]]:
    return report.found, report.added, report.left_out


COMMANDS = (import_,)
