"""Threads on their way into the tables, wherever they come from: what of them is new, who said it, and with which words."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec

from forum.exchange.bodies import Bodies, Body, Saying
from forum.exchange.people import Person
from forum.exchange.reporting import Report
from forum.kernel.errors import N_, Text


class DayVotes(msgspec.Struct, frozen=True):
    """The votes of one post on one day."""

    day: date
    up: int
    down: int


class Version(msgspec.Struct, kw_only=True):
    """One version of a post; `title` and `tags` only where this version set them."""

    source: str
    title: str | None = None
    tags: list[str] | None = None
    author: Person
    at: datetime
    comment: str


class Draft(msgspec.Struct, kw_only=True):
    """A post or a comment that is not here yet. `file` and `row` say where it stands in what is imported.

    `place` is its number in the thread where that is kept, `wanted_id` the id that it should keep if nobody has it.
    `author_name` is what somebody was called whom the source does not name as a person. `parent` is the key of the post that a
    comment is about.
    """

    key: str
    file: str
    row: int
    author: Person
    author_name: str = ""
    author_url: str = ""
    created_at: datetime
    edited_at: datetime | None = None
    url: str
    licence: str
    saying: Saying
    is_opening: bool = False
    parent: str | None = None
    place: int | None = None
    wanted_id: int | None = None
    versions: list[Version] = msgspec.field(default_factory=list)
    votes: list[DayVotes] = msgspec.field(default_factory=list)
    accepted_at: datetime | None = None
    body: Body = Body("", "")
    is_refused: bool = False

    @property
    def is_comment(self) -> bool:
        return self.parent is not None

    @property
    def up(self) -> int:
        return sum(votes.up for votes in self.votes)

    @property
    def down(self) -> int:
        return sum(votes.down for votes in self.votes)


class ThreadDraft(msgspec.Struct, kw_only=True):
    """A thread with what is new of it: its first post first, then in the order of time. `thread_id` is set if it is here.

    `status` is where an idea stands. `accepted_by_author` says whether it is known that the author chose the accepted answer.
    """

    key: str
    kind: str = "question"
    category_id: int
    title: str
    tags: tuple[str, ...]
    author: Person
    created_at: datetime
    closed_at: datetime | None = None
    closed_reason: str = ""
    status: str = "new"
    accepted_by_author: bool = True
    wanted_id: int | None = None
    thread_id: int | None
    drafts: list[Draft]
    # The posts of it that are here, by their keys.
    posts_here: dict[str, int]

    @property
    def answers(self) -> list[Draft]:
        return [draft for draft in self.drafts if not draft.is_comment and not draft.is_opening]

    @property
    def accepted(self) -> list[Draft]:
        """The accepted answers among the new ones."""
        return [draft for draft in self.answers if draft.accepted_at is not None]


class Chunk(msgspec.Struct):
    """Some threads that are prepared together and written in one transaction."""

    threads: list[ThreadDraft]
    # How many threads of the source it was made of, those included of which nothing is new.
    taken_from: int

    def drafts(self) -> Iterator[Draft]:
        for thread in self.threads:
            yield from thread.drafts

    def sayings(self) -> list[Saying]:
        return [draft.saying for draft in self.drafts()]

    def take(self, bodies: Bodies, report: Report) -> None:
        """Give the drafts their bodies. One that cannot be kept is reported and goes, with what hangs on it."""
        for draft, body in zip(list(self.drafts()), bodies, strict=True):
            if isinstance(body, Text):
                report.refuse(draft.file, draft.row, body)
                draft.is_refused = True
            else:
                draft.body = body
                if not body.is_alike:
                    report.differs(draft.url)
        for thread in self.threads:
            _drop_refused(thread, report)
        self.threads = [thread for thread in self.threads if thread.drafts]


def _drop_refused(thread: ThreadDraft, report: Report) -> None:
    gone = {draft.key for draft in thread.drafts if draft.is_refused and not draft.is_comment}
    opening_gone = any(draft.is_refused and draft.is_opening for draft in thread.drafts)
    kept = []
    for draft in thread.drafts:
        if draft.is_refused:
            continue
        if opening_gone or draft.parent in gone:
            report.refuse(draft.file, draft.row, Text(N_("What it belongs to could not be taken.")))
        else:
            kept.append(draft)
    thread.drafts = kept
