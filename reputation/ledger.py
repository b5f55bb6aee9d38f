"""Bringing the ledger level with what is: append what is lacking, or the exact inverse of what no longer holds.

Every function may run any number of times, in any order, after any loss: it compares, it does not apply. Entries of one cause,
member and reason alternate between gain and inverse; an odd number of them means "in force".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.members.standing import set_standing
from forum.members.tables import Member
from reputation.rules import Due, privileges_at, within_cap
from reputation.tables import LedgerEntry


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move: a key that is unique for ever, the post it is about, and when it came about."""

    key: str
    post_id: int
    at: datetime


def lock_members(session: Session, member_ids: Iterable[int]) -> None:
    """Take the rows that serialise these members' ledgers, in id order so that no two workers wait for each other."""
    for member_id in sorted(set(member_ids)):
        locked(session, Member, member_id)


def level(session: Session, cause: Cause, due: Sequence[Due]) -> None:
    """Make the ledger say what is due for this cause, no more and no less. The members' rows must be locked."""
    wanted = {(each.member_id, each.reason): each for each in due}
    found = _entries(session, cause.key)
    for (member_id, reason), entries in found.items():
        if len(entries) % 2 and (member_id, reason) not in wanted:
            _append(session, cause, member_id, reason, -entries[-1].points, turn=len(entries), at=entries[-1].at)
    for each in wanted.values():
        turn = len(found.get((each.member_id, each.reason), ()))
        if turn % 2 == 0:
            _append(session, cause, each.member_id, each.reason, _gain(session, each, cause), turn=turn, at=cause.at)


def _entries(session: Session, key: str) -> dict[tuple[int, str], list[LedgerEntry]]:
    rows = session.scalars(select(LedgerEntry).where(LedgerEntry.cause == key).order_by(LedgerEntry.turn))
    found: dict[tuple[int, str], list[LedgerEntry]] = {}
    for row in rows:
        found.setdefault((row.member_id, row.reason), []).append(row)
    return found


def _gain(session: Session, due: Due, cause: Cause) -> int:
    if not due.is_capped:
        return due.points
    gained = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
            LedgerEntry.member_id == due.member_id, LedgerEntry.day == cause.at.date(), LedgerEntry.reason == due.reason
        )
    )
    return within_cap(due.points, gained_that_day=int(gained or 0))


def _append(
    session: Session, cause: Cause, member_id: int, reason: str, points: int, *, turn: int, at: datetime
) -> None:
    """An inverse bears the day of what it undoes, so that the day's room under the cap is free again."""
    session.add(
        LedgerEntry(
            member_id=member_id,
            post_id=cause.post_id,
            reason=reason,
            points=points,
            cause=cause.key,
            turn=turn,
            day=at.date(),
            at=now(),
        )
    )
    session.flush()
    member = session.get_one(Member, member_id)
    total = member.points + points
    set_standing(session, member_id=member_id, points=total, privileges=privileges_at(total))
