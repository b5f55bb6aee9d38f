"""Threads on their way from the dump to the tables: what of them is new, who said it, and with which words."""

from collections.abc import Container, Iterator
from datetime import UTC, date, datetime, time

import msgspec
from sqlalchemy import Connection

from forum.exchange import sources
from forum.exchange.stackexchange.bodies import Body, Saying
from forum.exchange.stackexchange.people import Person, stranger
from forum.exchange.stackexchange.rendering import Bodies
from forum.exchange.stackexchange.reporting import Report
from forum.exchange.stackexchange.revisions import Version, closing_reason, last_body, versions
from forum.exchange.stackexchange.rows import CommentRow, PostRow, utc
from forum.exchange.stackexchange.site import Site, licence_at
from forum.exchange.stackexchange.staging import DayVotes, StagedPost, StagedThread
from forum.kernel.errors import N_, Text

POST, COMMENT, THREAD = "post", "comment", "thread"


class Draft(msgspec.Struct, kw_only=True):
    """A question, an answer or a comment that is not here yet. `parent` is the post there that a comment is about."""

    id: int
    file: str
    number: int
    author: Person
    author_name: str
    user_id: int | None
    created_at: datetime
    edited_at: datetime | None = None
    url: str
    licence: str
    saying: Saying
    parent: int | None = None
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
    """A question with what is new of it: itself first, then in the order of time. `thread_id` is set if it is here."""

    row: PostRow
    thread_id: int | None
    drafts: list[Draft]
    # The posts of it that are here, by their ids there.
    posts_here: dict[int, int]
    closed_reason: str

    @property
    def answers(self) -> list[Draft]:
        return [draft for draft in self.drafts if not draft.is_comment and draft.id != self.row.id]

    @property
    def accepted(self) -> Draft | None:
        """The accepted answer, if it is among the new ones."""
        return next((draft for draft in self.answers if draft.accepted_at is not None), None)


class Chunk(msgspec.Struct):
    """Some threads that are prepared together and written in one transaction."""

    threads: list[ThreadDraft]
    # How many threads of the dump it was made of, those included of which nothing is new.
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
                report.refuse(draft.file, draft.number, body)
                draft.is_refused = True
            else:
                draft.body = body
                if not body.is_alike:
                    report.differs(draft.url)
        for thread in self.threads:
            _drop_refused(thread, report)
        self.threads = [thread for thread in self.threads if thread.drafts]


def drafted(connection: Connection, site: Site, staged: list[StagedThread], *, has_votes: bool) -> Chunk:
    """What is new of some threads. Without votes in the dump, a post's score stands for them."""
    posts = [post for thread in staged for post in thread.posts]
    posts_here = sources.known(connection, site.host, POST, (post.row.id for post in posts))
    said = (comment.id for post in posts for _number, comment in post.comments)
    comments_here = sources.known(connection, site.host, COMMENT, said)
    threads_here = sources.known(connection, site.host, THREAD, (thread.question.row.id for thread in staged))
    drafting = _Drafting(site, has_votes, posts_here, comments_here.keys())
    made = (drafting.thread(thread, threads_here.get(str(thread.question.row.id))) for thread in staged)
    return Chunk([thread for thread in made if thread.drafts], len(staged))


class _Drafting(msgspec.Struct):
    site: Site
    has_votes: bool
    posts_here: dict[str, int]
    comments_here: Container[str]

    def thread(self, staged: StagedThread, thread_id: int | None) -> ThreadDraft:
        question = staged.question.row
        drafts = [self._post(post, question) for post in staged.posts if str(post.row.id) not in self.posts_here]
        for post in staged.posts:
            drafts += [
                self._comment(number, comment, question.id)
                for number, comment in post.comments
                if str(comment.id) not in self.comments_here
            ]
        drafts.sort(key=lambda draft: (draft.is_comment or draft.id != question.id, draft.created_at, draft.id))
        here = {post.row.id: self.posts_here.get(str(post.row.id)) for post in staged.posts}
        return ThreadDraft(
            row=question,
            thread_id=thread_id,
            drafts=drafts,
            posts_here={source_id: post_id for source_id, post_id in here.items() if post_id is not None},
            closed_reason=closing_reason(staged.question.history),
        )

    def _post(self, staged: StagedPost, question: PostRow) -> Draft:
        row, at = staged.row, utc(staged.row.creation_date)
        author = stranger(row.owner_user_id, row.owner_display_name, at, self.site)
        return Draft(
            id=row.id,
            file="Posts",
            number=staged.number,
            author=author,
            author_name=row.owner_display_name or "",
            user_id=row.owner_user_id,
            created_at=at,
            edited_at=None if row.last_edit_date is None else utc(row.last_edit_date),
            url=self.site.post_url(row.id, is_question=row.id == question.id),
            licence=row.content_license or licence_at(at),
            saying=Saying(html=row.body, markdown=last_body(staged.history)),
            versions=versions(staged.history),
            votes=staged.votes if self.has_votes else _score_as_votes(row.score, at.date()),
            accepted_at=_accepted_at(staged) if row.id == question.accepted_answer_id else None,
        )

    def _comment(self, number: int, row: CommentRow, question_id: int) -> Draft:
        at = utc(row.creation_date)
        return Draft(
            id=row.id,
            file="Comments",
            number=number,
            author=stranger(row.user_id, row.user_display_name, at, self.site),
            author_name=row.user_display_name or "",
            user_id=row.user_id,
            created_at=at,
            url=self.site.comment_url(row.id, post_id=row.post_id, question_id=question_id),
            licence=row.content_license or licence_at(at),
            saying=Saying(html=row.text, is_comment=True),
            parent=row.post_id,
            # Votes on comments have no days in any dump.
            votes=_score_as_votes(row.score, at.date()),
        )


def _score_as_votes(score: int, day: date) -> list[DayVotes]:
    return [DayVotes(day, max(score, 0), max(-score, 0))] if score else []


def _accepted_at(answer: StagedPost) -> datetime:
    """When an answer was accepted: the dump tells the day, which began before an answer of that day was there."""
    written = utc(answer.row.creation_date)
    return max(written, datetime.combine(answer.accepted_on, time(), UTC)) if answer.accepted_on else written


def _drop_refused(thread: ThreadDraft, report: Report) -> None:
    gone = {draft.id for draft in thread.drafts if draft.is_refused and not draft.is_comment}
    question_gone = thread.row.id in gone
    kept = []
    for draft in thread.drafts:
        if draft.is_refused:
            continue
        if question_gone or draft.parent in gone:
            report.refuse(draft.file, draft.number, Text(N_("What it belongs to could not be taken.")))
        else:
            kept.append(draft)
    thread.drafts = kept
