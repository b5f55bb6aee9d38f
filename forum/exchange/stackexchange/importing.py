"""Importing a Stack Exchange dump: the verb, as a table of contents.

Everything is written in batches, each in a transaction of its own together with its entries in the source map. So an
import that was killed goes on where it stopped, and one that is run again changes nothing. It writes history, not
events: nobody is told. Search, ranking and reputation are rebuilt afterwards by whoever called.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy.orm import Session

from forum.exchange import sources
from forum.exchange.stackexchange import people, places, remainder, writing
from forum.exchange.stackexchange.bodies import Body, Saying
from forum.exchange.stackexchange.drafts import Chunk, drafted
from forum.exchange.stackexchange.filling import fill, good_rows
from forum.exchange.stackexchange.reader import Dump, Progress
from forum.exchange.stackexchange.rendering import Bodies, Rendering
from forum.exchange.stackexchange.reporting import Report
from forum.exchange.stackexchange.rows import BadgeRow, LinkRow, PostRow, Row, TagRow, UserRow, VoteRow, utc
from forum.exchange.stackexchange.site import Site, licence_at, site_of
from forum.exchange.stackexchange.staging import Staging
from forum.kernel.db import Database
from forum.kernel.errors import N_, Invalid, Text

R = TypeVar("R", bound=Row)
T = TypeVar("T")

# A transaction's worth: a few hundred posts with their comments, or as many people, links or badges.
_THREADS, _ROWS = 64, 500


def import_dump(
    db: Database,
    directory: Path,
    *,
    progress: Progress | None = None,
    site: str | None = None,
    workers: int | None = None,
) -> Report:
    """Bring a dump into the forum; safe to run twice, and to run again after it was killed.

    Args:
        progress: called with a file's name (or "threads") and how much of it is done, of how much.
        site: the host name that the dump is of, if neither its directory nor its posts tell it.
        workers: processes that prepare bodies; as many as there are cores if not given, and none with 0.

    Raises:
        Invalid: there are no posts in the directory, or the site is not known.
    """
    dump = Dump(directory, progress=progress)
    if dump.path(PostRow) is None:
        wanted = N_("There is no Posts.xml or Posts.xml.xz in %(directory)s.")
        raise Invalid({"directory": Text(wanted, directory=str(directory))})
    found = site_of(Dump(directory), site)
    report = Report(site=found.host, missing_files=dump.missing())
    with (
        tempfile.TemporaryDirectory(prefix="loggia-import-") as folder,
        Staging(Path(folder) / "dump.sqlite") as staging,
        Rendering(found.base, workers=workers) as rendering,
    ):
        at_work = _Import(db, dump, found, report, staging, rendering)
        at_work.users()
        fill(staging, dump, report)
        at_work.tags()
        at_work.threads(progress)
        at_work.links()
        at_work.badges()
    return report


class _Import(msgspec.Struct):
    """One import at work; each method takes one kind of things from the dump to the database."""

    db: Database
    dump: Dump
    site: Site
    report: Report
    staging: Staging
    rendering: Rendering

    def users(self) -> None:
        chunks = (self._new(people.KIND, rows) for rows in self._batches(UserRow, "users"))
        for rows, bodies in self.rendering.rendered(chunks, _biographies):
            new = [people.person_of(row, self._biography(body)) for row, body in zip(rows, bodies, strict=True)]
            with self.db.transaction() as session:
                people.add_people(session, self.site, new)
            self.report.added["users"] += len(new)

    def tags(self) -> None:
        chunks = (self._new(places.TAG, rows) for rows in self._batches(TagRow, "tags"))
        for rows, bodies in self.rendering.rendered(chunks, self._descriptions):
            with self.db.transaction() as session:
                self._write_tags(session, rows, bodies)

    def threads(self, progress: Progress | None) -> None:
        total, done = self.staging.questions(), 0
        has_votes = self.dump.path(VoteRow) is not None
        with self.db.transaction() as session:
            category_id = places.category_of(session, self.site)
        for chunk, bodies in self.rendering.rendered(self._drafts(has_votes=has_votes), Chunk.sayings):
            chunk.take(bodies, self.report)
            if chunk.threads:
                with self.db.transaction() as session:
                    writing.write(session, self.site, category_id, chunk, self.report)
            done += chunk.taken_from
            if progress is not None:
                progress("threads", done, total)

    def links(self) -> None:
        for rows in self._batches(LinkRow, "links"):
            with self.db.transaction() as session:
                remainder.write_links(session, self.site, rows, self.report)
            self.report.found["duplicates"] += sum(row.link_type_id == LinkRow.DUPLICATE for row in rows)

    def badges(self) -> None:
        for rows in self._batches(BadgeRow, "badges"):
            with self.db.transaction() as session:
                remainder.write_badges(session, self.site, rows, self.report)

    def _batches(self, kind: type[R], name: str) -> Iterator[list[R]]:
        for rows in _batched(row for _number, row in good_rows(self.dump, kind, self.report)):
            self.report.found[name] += len(rows)
            yield rows

    def _new(self, kind: str, rows: Sequence[R]) -> list[R]:
        """Those of the rows that were not imported yet, each once."""
        by_id = {row.id: row for row in rows}
        with self.db.reading() as connection:
            known = sources.known(connection, self.site.host, kind, by_id)
        return [row for row in by_id.values() if str(row.id) not in known]

    def _biography(self, body: Body | Text) -> Body:
        """A profile that cannot be kept is no reason to lose its person."""
        return body if isinstance(body, Body) else Body("", "")

    def _drafts(self, *, has_votes: bool) -> Iterator[Chunk]:
        for staged in self.staging.threads(_THREADS):
            with self.db.reading() as connection:
                yield drafted(connection, self.site, staged, has_votes=has_votes)

    def _descriptions(self, rows: list[TagRow]) -> list[Saying]:
        """Two for each tag: the short one, which is plain text, and the long one."""
        sayings = []
        for row in rows:
            short, long = self.staging.text(row.excerpt_post_id), self.staging.text(row.wiki_post_id)
            sayings.append(Saying(html=escape(short.body) if short else "", is_compared=False))
            sayings.append(Saying(html=long.body if long else "", is_compared=False))
        return sayings

    def _write_tags(self, session: Session, rows: list[TagRow], bodies: Bodies) -> None:
        tag_ids = places.tags_of(session, (row.tag_name for row in rows))
        for index, row in enumerate(rows):
            told = [body.source for body in bodies[2 * index : 2 * index + 2] if isinstance(body, Body)]
            texts = [self.staging.text(row.excerpt_post_id), self.staging.text(row.wiki_post_id)]
            found = [text for text in texts if text is not None]
            if any(told) and row.tag_name in tag_ids:
                licence = found[0].content_license or licence_at(utc(found[0].creation_date))
                description = places.tag_description(told, self.site, row.tag_name, licence)
                places.describe_tag(session, tag_ids[row.tag_name], description)
            self.report.added["tag_texts"] += len(found)
        ids = {row.id: tag_ids[row.tag_name] for row in rows if row.tag_name in tag_ids}
        sources.remember(session, self.site.host, places.TAG, ids)
        self.report.added["tags"] += len(ids)


def _biographies(rows: list[UserRow]) -> list[Saying]:
    return [Saying(html=row.about_me, is_compared=False) for row in rows]


def _batched(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _ROWS)):
        yield batch
