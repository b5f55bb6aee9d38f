"""Importing a Stack Exchange dump: the verb, as a table of contents.

Everything is written in batches, each in a transaction of its own together with its entries in the source map. So an
import that was killed goes on where it stopped, and one that is run again changes nothing. It writes history, not
events: nobody is told. Search, ranking and reputation are rebuilt afterwards by whoever called.
"""

import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy.orm import Session

from forum.exchange import people, places, sources, writing
from forum.exchange.batches import batched, counted_up
from forum.exchange.bodies import Bodies, Body, Saying
from forum.exchange.drafts import Chunk
from forum.exchange.rendering import Rendering
from forum.exchange.reporting import Progress, Report
from forum.exchange.stackexchange import remainder
from forum.exchange.stackexchange.drafting import drafted
from forum.exchange.stackexchange.filling import fill, good_rows
from forum.exchange.stackexchange.reader import Dump
from forum.exchange.stackexchange.rows import BadgeRow, LinkRow, PostRow, Row, TagRow, UserRow, VoteRow, utc
from forum.exchange.stackexchange.site import Site, licence_at, site_of
from forum.exchange.stackexchange.staging import Staging
from forum.kernel.db import Database
from forum.kernel.errors import N_, Invalid, Text

R = TypeVar("R", bound=Row)

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
        chunks = (self._new(sources.USER, rows) for rows in self._batches(UserRow, "users"))
        for rows, bodies in self.rendering.rendered(chunks, _biographies):
            new = [_person(row, self._biography(body)) for row, body in zip(rows, bodies, strict=True)]
            with self.db.transaction() as session:
                people.add_people(session, self.site.host, new)
            self.report.added["users"] += len(new)

    def tags(self) -> None:
        chunks = (self._new(sources.TAG, rows) for rows in self._batches(TagRow, "tags"))
        for rows, bodies in self.rendering.rendered(chunks, self._descriptions):
            with self.db.transaction() as session:
                self._write_tags(session, rows, bodies)

    def threads(self, progress: Progress | None) -> None:
        place = places.Place(slug=self.site.slug, name=self.site.name)
        with self.db.transaction() as session:
            category_id = places.category_of(session, self.site.host, place)
        chunks = self._drafts(category_id, has_votes=self.dump.path(VoteRow) is not None)
        told = counted_up(progress, "threads", self.staging.questions())
        writing.write_threads(self.db, self.site.host, chunks, self.rendering, self.report, told)

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
        for rows in batched((row for _number, row in good_rows(self.dump, kind, self.report)), _ROWS):
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

    def _drafts(self, category_id: int, *, has_votes: bool) -> Iterator[Chunk]:
        for staged in self.staging.threads(_THREADS):
            with self.db.reading() as connection:
                yield drafted(connection, self.site, category_id, staged, has_votes=has_votes)

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
                description = places.tag_description(told, self.site.host, self.site.tag_url(row.tag_name), licence)
                places.describe_tag(session, tag_ids[row.tag_name], description)
            self.report.added["tag_texts"] += len(found)
        ids = {row.id: tag_ids[row.tag_name] for row in rows if row.tag_name in tag_ids}
        sources.remember(session, self.site.host, sources.TAG, ids)
        self.report.added["tags"] += len(ids)


def _person(row: UserRow, bio: Body) -> people.Person:
    since, is_program = utc(row.creation_date), row.id == people.PROGRAM
    return people.Person(key=str(row.id), name=row.display_name, since=since, bio=bio, is_program=is_program)


def _biographies(rows: list[UserRow]) -> list[Saying]:
    return [Saying(html=row.about_me, is_compared=False) for row in rows]
