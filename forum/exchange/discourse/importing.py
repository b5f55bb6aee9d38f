"""Importing a Discourse export: the verb, as a table of contents.

As with any import, history is written, not events: in batches, each with its entries in the map of what was imported, so it
can be repeated and goes on where it was killed. Search, ranking and reputation are rebuilt afterwards by whoever called.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from forum.exchange import people, places, sources, writing
from forum.exchange.batches import batched, counted_up
from forum.exchange.discourse import bodies
from forum.exchange.discourse.drafting import Destination, Drafting, person
from forum.exchange.discourse.filling import fill
from forum.exchange.discourse.placing import placings
from forum.exchange.discourse.site import Site
from forum.exchange.discourse.staging import Staging
from forum.exchange.drafts import Chunk
from forum.exchange.hosts import given_host, is_host
from forum.exchange.rendering import Rendering
from forum.exchange.reporting import Progress, Report
from forum.kernel.db import Database
from forum.kernel.errors import N_, Invalid, Text

# A transaction's worth: some hundred posts, or as many people.
_TOPICS, _PEOPLE = 40, 500


def import_export(
    db: Database,
    paths: Sequence[Path],
    *,
    progress: Progress | None = None,
    site: str | None = None,
    licence: str = "",
    ideas: Sequence[str] = (),
    workers: int | None = None,
) -> Report:
    """Bring topics into the forum; safe to run twice, and to run again after it was killed.

    Args:
        paths: files and folders with JSON, Markdown and archives of them.
        progress: called with a file's name (or "people", "topics") and how much of it is done, of how much.
        site: the host name of the site, if neither a folder's name nor the posts tell it.
        licence: under which people wrote there; an export does not say it.
        ideas: categories, by name, slug or id, whose topics are ideas, besides those whose names say so.
        workers: processes that prepare bodies; as many as there are cores if not given, and none with 0.

    Raises:
        Invalid: there are no topics, or the site is not known.
    """
    report = Report(site="")
    with (
        tempfile.TemporaryDirectory(prefix="loggia-import-") as folder,
        Staging(Path(folder) / "export.sqlite") as staging,
    ):
        hosts = fill(staging, list(paths), report, progress=progress or _silent)
        if not staging.count("topic"):
            wanted = N_("There are no topics in %(paths)s.")
            raise Invalid({"paths": Text(wanted, paths=", ".join(str(path) for path in paths))})
        found = Site(_host(paths, site, hosts), licence)
        report.site = found.host
        with Rendering(found.base, prepare=bodies.body, workers=workers) as rendering:
            at_work = _Import(db, found, report, staging, rendering, progress)
            at_work.people()
            at_work.topics(ideas)
    return report


class _Import(msgspec.Struct):
    """One import at work; each method takes one kind of things from the staging to the database."""

    db: Database
    site: Site
    report: Report
    staging: Staging
    rendering: Rendering
    progress: Progress | None

    def people(self) -> None:
        told = counted_up(self.progress, "people", self.staging.count("person"))
        for rows in batched(self.staging.people(), _PEOPLE):
            everybody = [person(row.username, row.name, since, -1 if row.is_program else None) for row, since in rows]
            with self.db.transaction() as session:
                known = sources.known(session, self.site.host, sources.USER, (each.key for each in everybody))
                new = [each for each in everybody if each.key not in known]
                people.add_people(session, self.site.host, new)
            self.report.added["users"] += len(new)
            told(len(rows))

    def topics(self, ideas: Sequence[str]) -> None:
        drafting = Drafting(self.site, self._destinations(ideas), self.report)
        told = counted_up(self.progress, "topics", self.staging.count("topic"))
        writing.write_threads(self.db, self.site.host, self._chunks(drafting), self.rendering, self.report, told)

    def _chunks(self, drafting: Drafting) -> Iterator[Chunk]:
        for staged in self.staging.topics(_TOPICS):
            with self.db.reading() as connection:
                yield drafting.chunk(connection, staged)

    def _destinations(self, ideas: Sequence[str]) -> dict[str, Destination]:
        """The categories of the site with their ids here; those that are not here yet are made."""
        found = placings(self.staging, self.site, ideas)
        self.report.found["categories"] = len(found)
        host = self.site.host
        with self.db.transaction() as session:
            if not sources.known(session, host, sources.SOFTWARE, [sources.DISCOURSE]):
                sources.remember(session, host, sources.SOFTWARE, {sources.DISCOURSE: 0})
            known = sources.known(session, host, sources.CATEGORY, (each.place.key for each in found.values()))
            self.report.added["categories"] = len(found) - len(known)
            ids = {key: places.category_of(session, host, each.place) for key, each in found.items()}
            named = {row.slug: ids[key] for key in ids if (row := self.staging.category(key)) is not None and row.slug}
            unnamed = named.keys() - sources.known(session, host, sources.CATEGORY_SLUG, named).keys()
            sources.remember(session, host, sources.CATEGORY_SLUG, {slug: named[slug] for slug in sorted(unnamed)})
        return {key: Destination(each, ids[key]) for key, each in found.items()}


def _host(paths: Sequence[Path], given: str | None, told: Counter[str]) -> str:
    """The site that was given; else the one that a folder is named after; else the one that the posts tell of.

    Raises:
        Invalid: (field "site") none of these, or what was given is no host name.
    """
    if given is not None:
        return given_host(given)
    named = [path.name.lower() for path in paths if path.is_dir() and is_host(path.name)]
    if named:
        return named[0]
    if not told:
        raise Invalid({"site": N_("The export does not tell which site it is of. Name its host.")})
    return max(told, key=lambda host: (told[host], host))


def _silent(_file: str, _done: int, _total: int) -> None:
    pass
