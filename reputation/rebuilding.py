"""Making the ledger and the totals anew from what is: after an import, or when somebody doubts them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import String, cast, func, insert, literal, select, union
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.kernel.db import Database, locked
from forum.members.standing import set_standing
from forum.members.tables import Member
from forum.threads.tables import Acceptance, ImportedVotes, Post, Vote
from reputation import reactions
from reputation.rules import imported_points, privileges_at
from reputation.tables import LedgerEntry

_BATCH = 500
T = TypeVar("T")
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Difference:
    """A total that was not the sum of the ledger."""

    handle: str
    was: int
    is_now: int


def rebuild(db: Database, *, progress: Progress = lambda _done: None) -> list[Difference]:
    """Append every entry that is lacking, then set every total to its sum. Safe to run at any time, and twice."""
    _level_everything(db, progress)
    _take_imported_votes(db)
    return _correct_totals(db)


def _level_everything(db: Database, progress: Progress) -> None:
    with db.reading() as connection:
        voted = select(Vote.post_id.label("id"))
        accepted = select(Acceptance.post_id.label("id"))
        # what the ledger alone remembers may be a vote that was taken back while nobody listened
        entered = select(LedgerEntry.post_id.label("id")).where(LedgerEntry.reason != "imported")
        found = connection.execute(union(voted, accepted, entered).order_by("id")).scalars()
        posts: list[int] = [post_id for post_id in found if post_id is not None]
    for batch in _batches(posts):
        with db.transaction() as session:
            for post_id in batch:
                reactions.level_post(session, post_id)
        progress(len(batch))


def _take_imported_votes(db: Database) -> None:
    while True:
        with db.transaction() as session:
            if not _take_batch(session):
                return


def _take_batch(session: Session) -> int:
    key = literal("imported:") + cast(ImportedVotes.post_id, String) + ":" + cast(ImportedVotes.day, String)
    known = select(LedgerEntry.id).where(LedgerEntry.cause == key, LedgerEntry.reason == "imported")
    rows = session.execute(
        select(
            ImportedVotes.post_id,
            ImportedVotes.day,
            ImportedVotes.up,
            ImportedVotes.down,
            Post.author_id,
            key.label("cause"),
        )
        .join(Post, Post.id == ImportedVotes.post_id)
        .where(~Post.is_comment, ~known.exists())  # where they were cast, comments brought no points
        .limit(_BATCH * 4)
    ).all()
    if rows:
        session.execute(insert(LedgerEntry), [_imported_entry(row) for row in rows])
    return len(rows)


def _imported_entry(row: Any) -> dict[str, Any]:
    points = imported_points(up=row.up, down=row.down)
    return {
        "member_id": row.author_id,
        "post_id": row.post_id,
        "reason": "imported",
        "points": points,
        "cause": row.cause,
        "turn": 0,
        "day": row.day,
        "at": now(),
    }


def _correct_totals(db: Database) -> list[Difference]:
    total = func.coalesce(func.sum(LedgerEntry.points), 0)
    with db.reading() as connection:
        rows = connection.execute(
            select(Member.id, Member.handle, Member.points, total.label("total"))
            .outerjoin(LedgerEntry, LedgerEntry.member_id == Member.id)
            .group_by(Member.id, Member.handle, Member.points)
            .having(Member.points != total)
        ).all()
    for batch in _batches(rows):
        with db.transaction() as session:
            for row in batch:
                _correct(session, row.id)
    return [Difference(row.handle, row.points, int(row.total)) for row in rows]


def _correct(session: Session, member_id: int) -> None:
    """Sum again under the lock: a reaction may have come between."""
    locked(session, Member, member_id)
    points = int(
        session.scalar(select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(LedgerEntry.member_id == member_id))
        or 0
    )
    set_standing(session, member_id=member_id, points=points, privileges=privileges_at(points))


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
