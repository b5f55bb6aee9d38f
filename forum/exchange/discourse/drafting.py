"""From staged topics to drafts: what of them is not here yet."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection

from forum.exchange import sources
from forum.exchange.bodies import Saying
from forum.exchange.discourse.filling import unsaid
from forum.exchange.discourse.placing import Placing, status_of
from forum.exchange.discourse.rows import PostRow, TopicRow, moment
from forum.exchange.discourse.site import Site
from forum.exchange.discourse.staging import StagedPost, StagedTopic
from forum.exchange.drafts import Chunk, DayVotes, Draft, ThreadDraft
from forum.exchange.people import Person, nobody
from forum.exchange.reporting import Report


class Destination(msgspec.Struct, frozen=True):
    """What a category became, and its id here."""

    placing: Placing
    category_id: int


class Drafting(msgspec.Struct):
    """Makes drafts; `destinations` has the categories by their keys there."""

    site: Site
    destinations: Mapping[str, Destination]
    report: Report

    def chunk(self, connection: Connection, staged: list[StagedTopic]) -> Chunk:
        """What is new of some topics."""
        keys = [_key(topic.topic, each.post) for topic in staged for each in topic.posts]
        posts_here = sources.known(connection, self.site.host, sources.POST, keys)
        threads_here = sources.known(connection, self.site.host, sources.THREAD, (topic.topic.id for topic in staged))
        made = (self._thread(topic, threads_here.get(str(topic.topic.id)), posts_here) for topic in staged)
        return Chunk([thread for thread in made if thread is not None], len(staged))

    def _thread(self, staged: StagedTopic, thread_id: int | None, posts_here: dict[str, int]) -> ThreadDraft | None:
        topic, said = staged.topic, self._said(staged)
        keys = [_key(topic, each.post) for each in said]
        new = [(each, key) for each, key in zip(said, keys, strict=True) if key not in posts_here]
        if not new:
            return None
        opening = said[0].post
        destination = self.destinations[topic.category]
        kind = destination.placing.kind_of(topic, is_solved=any(each.post.accepted_answer for each in said))
        times = _times(topic, said)
        drafts = [
            self._post(
                each, key, topic, at=times[key], is_opening=each.post is opening, takes_answers=kind == "question"
            )
            for each, key in new
        ]
        return ThreadDraft(
            key=str(topic.id),
            kind=kind,
            category_id=destination.category_id,
            title=topic.title,
            tags=topic.tags,
            author=self._author(opening, times[keys[0]]),
            created_at=times[keys[0]],
            closed_at=_closed_at(staged, times[keys[-1]]),
            status=status_of(topic) if kind == "idea" else "new",
            # A site lets its staff choose a solution too, and an export does not say who did.
            accepted_by_author=False,
            wanted_id=topic.id,
            thread_id=thread_id,
            drafts=drafts,
            posts_here={key: posts_here[key] for key in keys if key in posts_here},
        )

    def _said(self, staged: StagedTopic) -> list[StagedPost]:
        """The posts that readers saw as such; the others are counted."""
        said = []
        for each in staged.posts:
            reason = unsaid(each.post)
            if reason:
                self.report.left_out[reason] += 1
            else:
                said.append(each)
        return said

    def _post(
        self, staged: StagedPost, key: str, topic: TopicRow, *, at: datetime, is_opening: bool, takes_answers: bool
    ) -> Draft:
        post = staged.post
        changed = moment(post.updated_at) if post.version > 1 else None
        is_answer = post.accepted_answer and not is_opening
        if is_answer and not takes_answers:
            self.report.left_out["accepted"] += 1
        return Draft(
            key=key,
            file=staged.file,
            row=staged.row,
            author=self._author(post, at),
            author_url=self.site.user_url(post.username) if post.username else "",
            created_at=at,
            edited_at=changed,
            url=self.site.post_url(topic.id, topic.slug, post.post_number),
            licence=self.site.licence,
            # What readers flagged was covered up there, and stays so.
            saying=Saying(html=post.cooked, markdown=None if post.hidden else staged.markdown),
            is_opening=is_opening,
            place=1 if is_opening else post.post_number,
            wanted_id=post.id,
            votes=[DayVotes(at.date(), post.likes, 0)] if post.likes else [],
            accepted_at=at if is_answer and takes_answers else None,
        )

    def _author(self, post: PostRow, at: datetime) -> Person:
        return (
            nobody(self.site.host, at) if post.username is None else person(post.username, post.name, at, post.user_id)
        )


def person(username: str, name: str | None, since: datetime, user_id: int | None = None) -> Person:
    """Somebody by the name that is unique there, whatever its letters' size."""
    is_program = user_id is not None and user_id < 0
    return Person(key=username.lower(), name=name or username, since=since, handle=username, is_program=is_program)


def _key(topic: TopicRow, post: PostRow) -> str:
    """A post's id there, or its place where an archive has no ids."""
    return str(post.id) if post.id is not None else f"{topic.id}/{post.post_number}"


def _times(topic: TopicRow, said: list[StagedPost]) -> dict[str, datetime]:
    """When each post was written. One that does not tell was written when the one before it was."""
    last = next((at for each in said if (at := moment(each.post.created_at))), moment(topic.created_at)) or _UNKNOWN
    times = {}
    for each in said:
        last = moment(each.post.created_at) or last
        times[_key(topic, each.post)] = last
    return times


def _closed_at(staged: StagedTopic, last: datetime) -> datetime | None:
    if not (staged.topic.closed or staged.topic.archived):
        return None
    return staged.closed_at or moment(staged.topic.last_posted_at) or last


# When Discourse was first shown: nothing there is older.
_UNKNOWN = datetime(2013, 2, 5, tzinfo=UTC)
