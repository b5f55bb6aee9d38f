"""From the staged threads of a dump to drafts: what of them is not here yet."""

from collections.abc import Container
from datetime import UTC, date, datetime, time

import msgspec
from sqlalchemy import Connection

from forum.exchange import sources
from forum.exchange.bodies import Saying
from forum.exchange.drafts import Chunk, DayVotes, Draft, ThreadDraft
from forum.exchange.people import stranger
from forum.exchange.stackexchange.revisions import closing_reason, last_body, versions
from forum.exchange.stackexchange.rows import CommentRow, PostRow, utc
from forum.exchange.stackexchange.site import Site, licence_at
from forum.exchange.stackexchange.staging import StagedPost, StagedThread


def drafted(
    connection: Connection, site: Site, category_id: int, staged: list[StagedThread], *, has_votes: bool
) -> Chunk:
    """What is new of some threads. Without votes in the dump, a post's score stands for them."""
    posts = [post for thread in staged for post in thread.posts]
    posts_here = sources.known(connection, site.host, sources.POST, (post.row.id for post in posts))
    said = (comment.id for post in posts for _number, comment in post.comments)
    comments_here = sources.known(connection, site.host, sources.COMMENT, said)
    threads_here = sources.known(connection, site.host, sources.THREAD, (thread.question.row.id for thread in staged))
    drafting = _Drafting(site, category_id, has_votes, posts_here, comments_here.keys())
    made = (drafting.thread(thread, threads_here.get(str(thread.question.row.id))) for thread in staged)
    return Chunk([thread for thread in made if thread.drafts], len(staged))


class _Drafting(msgspec.Struct):
    site: Site
    category_id: int
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
        drafts.sort(key=lambda draft: (not draft.is_opening, draft.created_at, int(draft.key)))
        keys = [str(post.row.id) for post in staged.posts]
        at = utc(question.creation_date)
        return ThreadDraft(
            key=str(question.id),
            category_id=self.category_id,
            title=question.title,
            tags=question.tag_names,
            author=stranger(self.site.host, question.owner_user_id, question.owner_display_name, at),
            created_at=at,
            closed_at=None if question.closed_date is None else utc(question.closed_date),
            closed_reason=closing_reason(staged.question.history) if question.closed_date is not None else "",
            thread_id=thread_id,
            drafts=drafts,
            posts_here={key: self.posts_here[key] for key in keys if key in self.posts_here},
        )

    def _post(self, staged: StagedPost, question: PostRow) -> Draft:
        row, at = staged.row, utc(staged.row.creation_date)
        is_opening = row.id == question.id
        return Draft(
            key=str(row.id),
            file="Posts",
            row=staged.number,
            author=stranger(self.site.host, row.owner_user_id, row.owner_display_name, at),
            author_name=row.owner_display_name or "",
            author_url=self.site.user_url(row.owner_user_id),
            created_at=at,
            edited_at=None if row.last_edit_date is None else utc(row.last_edit_date),
            url=self.site.post_url(row.id, is_question=is_opening),
            licence=row.content_license or licence_at(at),
            saying=Saying(html=row.body, markdown=last_body(staged.history)),
            is_opening=is_opening,
            versions=versions(staged.history, self.site),
            votes=staged.votes if self.has_votes else _score_as_votes(row.score, at.date()),
            accepted_at=_accepted_at(staged) if row.id == question.accepted_answer_id else None,
        )

    def _comment(self, number: int, row: CommentRow, question_id: int) -> Draft:
        at = utc(row.creation_date)
        return Draft(
            key=str(row.id),
            file="Comments",
            row=number,
            author=stranger(self.site.host, row.user_id, row.user_display_name, at),
            author_name=row.user_display_name or "",
            author_url=self.site.user_url(row.user_id),
            created_at=at,
            url=self.site.comment_url(row.id, post_id=row.post_id, question_id=question_id),
            licence=row.content_license or licence_at(at),
            saying=Saying(html=row.text, is_comment=True),
            parent=str(row.post_id),
            # Votes on comments have no days in any dump.
            votes=_score_as_votes(row.score, at.date()),
        )


def _score_as_votes(score: int, day: date) -> list[DayVotes]:
    return [DayVotes(day, max(score, 0), max(-score, 0))] if score else []


def _accepted_at(answer: StagedPost) -> datetime:
    """When an answer was accepted: the dump tells the day, which began before an answer of that day was there."""
    written = utc(answer.row.creation_date)
    return max(written, datetime.combine(answer.accepted_on, time(), UTC)) if answer.accepted_on else written
