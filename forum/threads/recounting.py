"""Counts everything that `counting` keeps up to date anew, from what it counts: after an import, and when somebody doubts it.

Threads are taken a batch at a time and locked meanwhile, so it may run while people write.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Row, Select, Subquery, Update, and_, bindparam, case, func, select, update
from sqlalchemy.orm import Session

from forum.threads import ranking
from forum.threads.tables import (
    Acceptance,
    Category,
    ImportedVotes,
    MeToo,
    OfficialMark,
    Post,
    Tag,
    Thread,
    ThreadTag,
    Vote,
)
from forum.visibility import public_place

BATCH = 500

_FIRST, _LAST = bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)


def rebuild(session: Session) -> int:
    """Count everything anew; returns how many rows were wrong. Nothing is wrong twice: run again, it returns 0."""
    wrong, last = 0, 0
    while True:
        last, mended = rebuild_batch(session, after=last)
        wrong += mended
        if not last:
            return wrong + rebuild_tags(session)


def rebuild_batch(session: Session, *, after: int) -> tuple[int, int]:
    """One batch of threads from the id that follows `after`, with their posts.

    Returns the last id of the batch (0: there was none) and how many rows were wrong. For one transaction each on a large
    installation.
    """
    batch = select(Thread.id).where(Thread.id > after).order_by(Thread.id).limit(BATCH)
    ids = session.scalars(batch.with_for_update(key_share=True)).all()
    if not ids:
        return 0, 0
    bounds = {"first": ids[0], "last": ids[-1]}
    wrong = _mend(session, session.execute(_POSTS, bounds).all(), _POST_FIELDS, _MEND_POST)
    # threads after their posts: a score is that of the opening post
    return ids[-1], wrong + _mend(session, session.execute(_THREADS, bounds).all(), _THREAD_FIELDS, _MEND_THREAD)


def rebuild_tags(session: Session) -> int:
    """Count the threads under each tag anew; returns how many counts were wrong."""
    return _mend(session, session.execute(_TAGS).all(), _TAG_FIELDS, _MEND_TAG)


def _mend(session: Session, rows: Any, fields: tuple[str, ...], mending: Update) -> int:
    right = ({"key": row.id} | {f"right_{name}": _right(row, name) for name in fields} for row in rows)
    wrong = [
        values for row, values in zip(rows, right, strict=True) if any(_differs(row, values, name) for name in fields)
    ]
    if wrong:
        session.connection().execute(mending, wrong)
        session.expire_all()  # entities that were read before show the old numbers
    return len(wrong)


def _right(row: Row[Any], name: str) -> Any:
    if name == "rank":
        return ranking.rank(_Marked(row))
    return getattr(row, f"right_{name}")


def _differs(row: Row[Any], values: Mapping[str, Any], name: str) -> bool:
    return bool(getattr(row, name) != values[f"right_{name}"])


class _Marked:
    """A post as it should be, for its rank."""

    def __init__(self, row: Row[Any]) -> None:
        self.up, self.down = row.right_up, row.right_down
        self.accepted_at, self.official_at = row.right_accepted_at, row.right_official_at


def _votes() -> Subquery:
    def number_of(value: int, *, staff: bool) -> Any:
        return func.sum(case((and_(Vote.value == value, Vote.by_staff == staff), 1), else_=0))

    return (
        select(
            Vote.post_id,
            number_of(1, staff=False).label("up"),
            number_of(-1, staff=False).label("down"),
            number_of(1, staff=True).label("staff_up"),
            number_of(-1, staff=True).label("staff_down"),
        )
        .join(Post, Post.id == Vote.post_id)
        .where(Post.thread_id.between(_FIRST, _LAST))
        .group_by(Vote.post_id)
        .subquery()
    )


def _imported() -> Subquery:
    return (
        select(
            ImportedVotes.post_id, func.sum(ImportedVotes.up).label("up"), func.sum(ImportedVotes.down).label("down")
        )
        .join(Post, Post.id == ImportedVotes.post_id)
        .where(Post.thread_id.between(_FIRST, _LAST))
        .group_by(ImportedVotes.post_id)
        .subquery()
    )


def _post_marks(mark: type[Acceptance] | type[OfficialMark]) -> Any:
    return select(func.max(mark.at)).where(mark.post_id == Post.id, mark.withdrawn_at.is_(None)).scalar_subquery()


def _posts() -> Select[Any]:
    votes, imported = _votes(), _imported()

    def total(*columns: Any) -> Any:
        return sum((func.coalesce(column, 0) for column in columns[1:]), func.coalesce(columns[0], 0))

    return (
        select(
            Post.id, Post.up, Post.down, Post.staff_up, Post.staff_down, Post.rank, Post.accepted_at, Post.official_at,
            total(votes.c.up, imported.c.up).label("right_up"),
            total(votes.c.down, imported.c.down).label("right_down"),
            total(votes.c.staff_up).label("right_staff_up"),
            total(votes.c.staff_down).label("right_staff_down"),
            _post_marks(Acceptance).label("right_accepted_at"),
            _post_marks(OfficialMark).label("right_official_at"),
        )
        .outerjoin(votes, votes.c.post_id == Post.id)
        .outerjoin(imported, imported.c.post_id == Post.id)
        .where(Post.thread_id.between(_FIRST, _LAST))
    )  # fmt: skip


def _thread_marks(mark: type[Acceptance] | type[OfficialMark]) -> Any:
    seen = (Post.hidden_at.is_(None), Post.deleted_at.is_(None))
    found = select(func.max(mark.at)).join(Post, Post.id == mark.post_id)
    return found.where(mark.thread_id == Thread.id, mark.withdrawn_at.is_(None), *seen).scalar_subquery()


def _threads() -> Select[Any]:
    is_reply = and_(Post.number > 1, ~Post.is_comment, Post.hidden_at.is_(None), Post.deleted_at.is_(None))
    posts = (
        select(
            Post.thread_id,
            func.max(Post.number).label("posts"),
            func.sum(case((is_reply, 1), else_=0)).label("replies"),
            func.max(case((Post.number == 1, Post.up - Post.down))).label("score"),
            func.max(Post.created_at).label("said_at"),
        )
        .where(Post.thread_id.between(_FIRST, _LAST))
        .group_by(Post.thread_id)
        .subquery()
    )
    accepted_at = select(func.max(Acceptance.at)).where(Acceptance.thread_id == Thread.id).scalar_subquery()
    concerned = select(func.count()).where(MeToo.thread_id == Thread.id).scalar_subquery()
    return (
        select(
            Thread.id, Thread.post_count, Thread.reply_count, Thread.score, Thread.last_activity_at,
            Thread.solved_at, Thread.official_at, Thread.me_too_count,
            posts.c.posts.label("right_post_count"),
            posts.c.replies.label("right_reply_count"),
            posts.c.score.label("right_score"),
            case((accepted_at > posts.c.said_at, accepted_at), else_=posts.c.said_at).label("right_last_activity_at"),
            _thread_marks(Acceptance).label("right_solved_at"),
            _thread_marks(OfficialMark).label("right_official_at"),
            concerned.label("right_me_too_count"),
        )
        .join(posts, posts.c.thread_id == Thread.id)
        .where(Thread.id.between(_FIRST, _LAST))
    )  # fmt: skip


def _tags() -> Select[Any]:
    shown = (
        select(func.count())
        .select_from(ThreadTag)
        .join(Thread, Thread.id == ThreadTag.thread_id)
        .join(Category, Category.id == Thread.category_id)
        .where(ThreadTag.tag_id == Tag.id, Thread.hidden_at.is_(None), public_place(Category))
        .scalar_subquery()
    )
    return select(Tag.id, Tag.thread_count, shown.label("right_thread_count"))


def _mending(entity: type[Post] | type[Thread] | type[Tag], fields: tuple[str, ...]) -> Update:
    values = {name: bindparam(f"right_{name}", type_=getattr(entity, name).type) for name in fields}
    return update(entity).where(entity.id == bindparam("key")).values(values)


_POST_FIELDS = ("up", "down", "staff_up", "staff_down", "accepted_at", "official_at", "rank")
_THREAD_FIELDS = ("post_count", "reply_count", "score", "last_activity_at", "solved_at", "official_at", "me_too_count")
_TAG_FIELDS = ("thread_count",)
_POSTS, _THREADS, _TAGS = _posts(), _threads(), _tags()
_MEND_POST, _MEND_THREAD, _MEND_TAG = (
    _mending(Post, _POST_FIELDS),
    _mending(Thread, _THREAD_FIELDS).values(version=Thread.version + 1),
    _mending(Tag, _TAG_FIELDS),
)
