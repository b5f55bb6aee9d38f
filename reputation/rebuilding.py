"""Making the ledger and the totals anew from what is: after an import, or when somebody doubts them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Date, bindparam, func, select, tuple_, union
from sqlalchemy.orm import Session

from forum.kernel import bulk
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members import site
from forum.members.standing import lock_members, set_standings
from forum.members.tables import Member
from forum.threads.tables import Acceptance, ImportedVotes, Post, Vote
from reputation import comparing, ledger, reactions
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
            _enter_unheard(session, batch)
        with db.transaction() as session:
            for post_id in comparing.compared(session, batch).differing:
                reactions.level_post(session, post_id)
        progress(len(batch))


def _enter_unheard(session: Session, posts: list[int]) -> None:
    """What the ledger has not heard of at all, as after an import, is entered at once. It is looked for again under the lock."""
    unheard = comparing.compared(session, posts).unheard
    lock_members(session, (due.member_id for _, due in unheard))
    ledger.enter(session, comparing.compared(session, posts).unheard if unheard else ())


def _take_imported_votes(db: Database) -> None:
    last: tuple[int, date] | None = (0, date.min)
    while last is not None:
        with db.transaction() as session:
            last = _take_batch(session, last)


_VOTES_AFTER = (
    select(
        ImportedVotes.post_id, ImportedVotes.day, ImportedVotes.up, ImportedVotes.down, Post.author_id, Post.is_comment
    )
    .join(Post, Post.id == ImportedVotes.post_id)
    .where(
        tuple_(ImportedVotes.post_id, ImportedVotes.day) > tuple_(bindparam("post_id"), bindparam("day", type_=Date))
    )
    .order_by(ImportedVotes.post_id, ImportedVotes.day)
    .limit(_BATCH * 4)
)
_KNOWN = select(LedgerEntry.cause).where(
    LedgerEntry.cause.in_(bindparam("causes", expanding=True)), LedgerEntry.reason == "imported"
)


def _take_batch(session: Session, last: tuple[int, date]) -> tuple[int, date] | None:
    """Enter some of the votes that come after `last`, and return the last of them; nothing where there are no more."""
    rows = session.execute(_VOTES_AFTER, {"post_id": last[0], "day": last[1]}).all()
    if not rows:
        return None
    causes = {
        _cause(row): row for row in rows if not row.is_comment
    }  # where they were cast, comments brought no points
    known = set(session.scalars(_KNOWN, {"causes": list(causes)}))
    entries = [_imported_entry(cause, row) for cause, row in causes.items() if cause not in known]
    bulk.add_numbered(session, LedgerEntry, entries)
    return rows[-1].post_id, rows[-1].day


def _cause(row: Any) -> str:
    return f"imported:{row.post_id}:{row.day.isoformat()}"


def _imported_entry(cause: str, row: Any) -> dict[str, Any]:
    points = imported_points(up=row.up, down=row.down)
    return {
        "member_id": row.author_id,
        "post_id": row.post_id,
        "reason": "imported",
        "points": points,
        "cause": cause,
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
            _correct(session, [row.id for row in batch])
    return [Difference(row.handle, row.points, int(row.total)) for row in rows]


_TOTALS = (
    select(LedgerEntry.member_id, func.sum(LedgerEntry.points))
    .where(LedgerEntry.member_id.in_(bindparam("ids", expanding=True)))
    .group_by(LedgerEntry.member_id)
)


def _correct(session: Session, member_ids: Sequence[int]) -> None:
    """Sum again under the lock: a reaction may have come between."""
    lock_members(session, member_ids)
    totals = dict.fromkeys(member_ids, 0)
    totals |= {member_id: int(points) for member_id, points in session.execute(_TOTALS, {"ids": list(member_ids)})}
    demands = site.demands(session)
    set_standings(session, {key: (points, privileges_at(points, demands)) for key, points in totals.items()})


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
