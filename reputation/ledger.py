"""Bringing the ledger level with what is: append what is lacking, or the exact inverse of what no longer holds.

Every function may run any number of times, in any order, after any loss: it compares, it does not apply. Entries of one cause,
member and reason alternate between gain and inverse; an odd number of them means "in force".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from forum.kernel import bulk
from forum.kernel.clock import now
from forum.members import site
from forum.members.standing import lock_members, set_standing, set_standings
from forum.members.tables import Member
from reputation.rules import CAPPED, Due, privileges_at, within_cap
from reputation.tables import LedgerEntry


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move: a key that is unique for ever, the post it is about, and when it came about."""

    key: str
    post_id: int
    at: datetime


def enter(session: Session, owed: Sequence[tuple[Cause, Due]]) -> None:
    """Append the first entries of causes that the ledger has none of, many at once: of such as no daily cap concerns.

    Keeps the rows of all members concerned locked.
    """
    if not owed:
        return
    rows = [
        {
            "member_id": due.member_id,
            "post_id": cause.post_id,
            "reason": due.reason,
            "points": due.points,
            "cause": cause.key,
            "turn": 0,
            "day": cause.at.date(),
            "at": now(),
        }
        for cause, due in owed
    ]
    bulk.add_numbered(session, LedgerEntry, rows)
    totals = {member.id: member.points for member in lock_members(session, (due.member_id for _, due in owed))}
    for _, due in owed:
        totals[due.member_id] += due.points
    demands = site.demands(session)
    set_standings(session, {key: (total, privileges_at(total, demands)) for key, total in totals.items()})


def level(session: Session, cause: Cause, due: Sequence[Due]) -> None:
    """Make the ledger say what is due for this cause, no more and no less. The members' rows must be locked."""
    wanted = {(each.member_id, each.reason): each for each in due}
    found = _entries(session, cause.key)
    for (member_id, reason), entries in found.items():
        if len(entries) % 2 and (member_id, reason) not in wanted:
            _take_back(session, entries[-1])
            _fill_room(session, member_id, reason, entries[-1].day)
    for each in wanted.values():
        turn = len(found.get((each.member_id, each.reason), ()))
        if turn % 2 == 0:
            _append(
                session,
                member_id=each.member_id,
                post_id=cause.post_id,
                reason=each.reason,
                points=_gain(session, each, cause),
                cause=cause.key,
                turn=turn,
                day=cause.at.date(),
            )


def _entries(session: Session, key: str) -> dict[tuple[int, str], list[LedgerEntry]]:
    rows = session.scalars(select(LedgerEntry).where(LedgerEntry.cause == key).order_by(LedgerEntry.turn))
    found: dict[tuple[int, str], list[LedgerEntry]] = {}
    for row in rows:
        found.setdefault((row.member_id, row.reason), []).append(row)
    return found


def _gain(session: Session, due: Due, cause: Cause) -> int:
    if not due.is_capped:
        return due.points
    return within_cap(due.points, gained_that_day=_gained(session, due.member_id, due.reason, cause.at.date()))


def _gained(session: Session, member_id: int, reason: str, day: date) -> int:
    found = select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(
        LedgerEntry.member_id == member_id, LedgerEntry.day == day, LedgerEntry.reason == reason
    )
    return int(session.scalar(found) or 0)


def _take_back(session: Session, entry: LedgerEntry) -> LedgerEntry:
    """Append the exact inverse. It bears the day of what it undoes, so that the day's room under the cap is free again."""
    return _append(
        session,
        member_id=entry.member_id,
        post_id=entry.post_id,
        reason=entry.reason,
        points=-entry.points,
        cause=entry.cause,
        turn=entry.turn + 1,
        day=entry.day,
    )


def _fill_room(session: Session, member_id: int, reason: str, day: date) -> None:
    """Where the day's cap left a vote short, and another vote of that day is gone now, it gets what it lacked.

    So the total depends on which votes stand, not on the order in which they came and went.
    """
    if reason != CAPPED.reason:
        return
    for short in _short(session, member_id, day):
        points = within_cap(CAPPED.points, gained_that_day=_gained(session, member_id, reason, day) - short.points)
        if points <= short.points:
            return
        inverse = _take_back(session, short)
        _append(
            session,
            member_id=member_id,
            post_id=short.post_id,
            reason=reason,
            points=points,
            cause=short.cause,
            turn=inverse.turn + 1,
            day=day,
        )


def _short(session: Session, member_id: int, day: date) -> Sequence[LedgerEntry]:
    """The entries of that day in force that brought less than they would have without the cap, the earliest first."""
    later = aliased(LedgerEntry)
    undone = select(later.id).where(
        later.cause == LedgerEntry.cause,
        later.member_id == LedgerEntry.member_id,
        later.reason == LedgerEntry.reason,
        later.turn > LedgerEntry.turn,
    )
    return session.scalars(
        select(LedgerEntry)
        .where(
            LedgerEntry.member_id == member_id,
            LedgerEntry.day == day,
            LedgerEntry.reason == CAPPED.reason,
            LedgerEntry.turn % 2 == 0,
            LedgerEntry.points < CAPPED.points,
            ~undone.exists(),
        )
        .order_by(LedgerEntry.id)
    ).all()


def _append(session: Session, **fields: Any) -> LedgerEntry:
    entry = LedgerEntry(**fields, at=now())
    session.add(entry)
    session.flush()
    total = session.get_one(Member, entry.member_id).points + entry.points
    set_standing(
        session, member_id=entry.member_id, points=total, privileges=privileges_at(total, site.demands(session))
    )
    return entry
