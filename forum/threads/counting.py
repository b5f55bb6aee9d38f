"""The numbers and marks that lists show, kept up to date: the one writer of `post_count`, `reply_count`, `version`,
`last_activity_at`, `me_too_count`, of the votes of posts and `Thread.score`, of `solved_at` and `official_at` of threads, of `Tag.thread_count`.
`recounting` computes them all anew.

Whoever calls anything here holds the thread's lock.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from forum.threads import ranking
from forum.threads.tables import Acceptance, Category, OfficialMark, Post, Tag, Thread
from forum.visibility import is_public


def number_for_next_post(thread: Thread) -> int:
    """The number of the post that is being added. Numbers are never given twice, even when posts go."""
    thread.post_count += 1
    return thread.post_count


def reply_came(thread: Thread, post: Post, at: datetime) -> None:
    """A reply was added, so the thread rises in the lists."""
    if counts_as_reply(post):
        thread.reply_count += 1
    thread.changed(at)


def reply_goes(thread: Thread, post: Post) -> None:
    """A reply is about to be hidden or deleted."""
    if counts_as_reply(post):
        thread.reply_count -= 1
    page_changed(thread)


def reply_is_back(thread: Thread, post: Post) -> None:
    """A reply was restored."""
    if counts_as_reply(post):
        thread.reply_count += 1
    page_changed(thread)


def concerns(thread: Thread, more: int) -> None:
    """So many more, or fewer, have the problem that a question asks about."""
    thread.me_too_count += more
    page_changed(thread)


def counts_as_reply(post: Post) -> bool:
    """The opening post and comments are no replies, and what was hidden or deleted is not counted."""
    return post.number > 1 and not post.is_comment and post.hidden_at is None and post.deleted_at is None


def page_changed(thread: Thread) -> None:
    """The thread's page shows something else now, but nothing was said: the thread does not rise in the lists."""
    thread.version += 1


def count_vote(thread: Thread, post: Post, value: int, *, by_staff: bool, times: int) -> None:
    """Add (`times` 1) or take away (-1) one vote. Those of staff are counted apart and never reach a score."""
    if by_staff:
        post.staff_up += times * (value > 0)
        post.staff_down += times * (value < 0)
    else:
        post.up += times * (value > 0)
        post.down += times * (value < 0)
    ranking.rerank(post)
    if post.number == 1:
        thread.score = post.score


_SOLVED_AT = (
    select(func.max(Acceptance.at))
    .join(Post, Post.id == Acceptance.post_id)
    .where(Acceptance.thread_id == bindparam("thread_id"), Acceptance.withdrawn_at.is_(None))
    .where(Post.hidden_at.is_(None), Post.deleted_at.is_(None))
)
_OFFICIAL_AT = (
    select(func.max(OfficialMark.at))
    .join(Post, Post.id == OfficialMark.post_id)
    .where(OfficialMark.thread_id == bindparam("thread_id"), OfficialMark.withdrawn_at.is_(None))
    .where(Post.hidden_at.is_(None), Post.deleted_at.is_(None))
)


def settle_marks(session: Session, thread: Thread) -> None:
    """Since when a thread is solved and officially answered: by marks that stand, on replies that can be seen."""
    session.flush()
    thread.solved_at = session.scalar(_SOLVED_AT, {"thread_id": thread.id})
    thread.official_at = session.scalar(_OFFICIAL_AT, {"thread_id": thread.id})


_ONE_TAG = (
    update(Tag)
    .where(Tag.id == bindparam("tag_id"))
    .values(thread_count=Tag.thread_count + bindparam("by"))
    .execution_options(synchronize_session=False)
)


def count_tags(session: Session, thread: Thread, tag_ids: Iterable[int], by: int) -> None:
    """A thread came under tags (1) or leaves them (-1).

    Counted is what everybody can find, so that no count tells of a thread in a place that its reader does not see.
    """
    if thread.hidden_at is None and is_public(session.get_one(Category, thread.category_id)):
        add_to_tags(session, dict.fromkeys(tag_ids, by))


def add_to_tags(session: Session, times: Mapping[int, int]) -> None:
    """Add to the counts of tags, so many times each: row after row in id order, so that nobody waits in a circle."""
    if times:
        rows = [{"tag_id": tag_id, "by": by} for tag_id, by in sorted(times.items())]
        session.connection().execute(_ONE_TAG, rows)
