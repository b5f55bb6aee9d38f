"""Work that waits in rows: claim with a lease, count the attempt, settle. Every queue of the house uses these few functions.

A worker may die at any point: an unsettled row comes back when its lease runs out, by the database's clock, and its attempt
was counted before the work, so work that kills its worker ends parked.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, cast, dataclass_transform

from sqlalchemy import ColumnElement, CursorResult, Row, Select, String, literal_column, or_, select, update
from sqlalchemy.orm import Mapped, MappedAsDataclass, Session, mapped_column

from forum.kernel.db import Base, Database, UtcTime, database_moment, database_now, insert_new, skip_locked
from forum.kernel.errors import N_

State = Literal["waiting", "running", "done", "parked"]

MOST_ATTEMPTS = 12
WORKER_LOST = N_("The worker that had this was lost, each time anew.")
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)

# spelled out, not bound: only so do both databases see that the index of what is due fits, however much was done before
_WAITING, _RUNNING = literal_column("'waiting'", String), literal_column("'running'", String)


@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column,))
class Leased(MappedAsDataclass, kw_only=True):
    """The columns of a row that is work to do."""

    state: Mapped[str] = mapped_column(String(8), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UtcTime)
    lease_token: Mapped[str | None] = mapped_column(String(32), default=None)
    lease_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    reason: Mapped[str | None] = mapped_column(String(500), default=None)
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


_NO_LEASE: dict[str, None] = {"lease_token": None, "lease_until": None}
L = TypeVar("L", bound=Any)  # a mapped class with Leased; the two bases cannot be named as one type


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one row until the lease ends."""

    key: int
    token: str
    attempt: int


def claim(
    session: Session, table: type[L], *, limit: int, lease: timedelta, only: ColumnElement[bool] | None = None
) -> list[Claim]:
    """Take up to `limit` rows that are due. Commit before working, so that the attempts count even if the work kills us.

    A row whose worker was lost is taken alone: if it is what killed the worker, nothing else suffers with it. After as many
    attempts as work may fail it is parked.
    """
    moment = database_now(session)
    found = session.execute(_due(table, moment, only).limit(limit).with_for_update(**skip_locked(session))).all()
    spent = [row.id for row in found if row.attempt >= MOST_ATTEMPTS]
    if spent:
        _change(session, table, spent, state="parked", reason=WORKER_LOST, settled_at=moment, **_NO_LEASE)
    left = [row for row in found if row.attempt < MOST_ATTEMPTS]
    lost = [row for row in left if row.state == "running"]
    keys = [row.id for row in lost[:1] or left]
    if not keys:
        return []
    token = secrets.token_hex(16)
    attempt = table.attempt + 1
    taken = _change(
        session, table, keys, state="running", attempt=attempt, lease_token=token, lease_until=moment + lease
    )
    return sorted((Claim(row.id, token, row.attempt) for row in taken), key=lambda claimed: keys.index(claimed.key))


def _due(table: type[L], moment: datetime, only: ColumnElement[bool] | None) -> Select[Any]:
    found = (
        select(table.id, table.attempt, table.state)
        .where(
            table.state.in_((_WAITING, _RUNNING)),
            table.not_before <= moment,
            or_(table.state == _WAITING, table.lease_until < moment),
        )
        .order_by(table.not_before, table.id)
    )
    return found if only is None else found.where(only)


def _change(session: Session, table: type[L], keys: Sequence[int], **values: Any) -> Sequence[Row[Any]]:
    return session.execute(
        update(table)
        .where(table.id.in_(keys))
        .values(values)
        .returning(table.id, table.attempt)
        .execution_options(synchronize_session=False)
    ).all()


def done(session: Session, table: type[L], claimed: Claim) -> bool:
    """Settle the claimed row before its effect, in the one transaction of both; False when the lease was lost to another worker.

    A fault of the effect undoes this with it. One statement does what locking, looking and settling would need three for.
    """
    settled = session.execute(
        update(table)
        .where(table.id == claimed.key, table.lease_token == claimed.token, table.state == _RUNNING)
        .values(state="done", reason=None, settled_at=database_moment(session), **_NO_LEASE)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", settled).rowcount)


def still_ours(session: Session, table: type[L], claimed: Claim) -> L | None:
    """The claimed row, locked, or None when the lease was lost to another worker."""
    row = session.get(table, claimed.key, with_for_update={"key_share": True}, populate_existing=True)
    return row if row is not None and row.state == "running" and row.lease_token == claimed.token else None


def renew(session: Session, table: type[L], claims: Sequence[Claim], lease: timedelta) -> None:
    """Prolong the leases of rows that are still ours."""
    for claimed in claims:
        row = still_ours(session, table, claimed)
        if row is not None:
            row.lease_until = database_now(session) + lease


def settle(session: Session, row: Leased, *, reason: str | None = None) -> None:
    """The work is done, in the same transaction as its effect."""
    row.state, row.reason = "done", _short(reason)
    row.lease_token = row.lease_until = None
    row.settled_at = database_now(session)


def postpone(session: Session, row: Leased, *, reason: str, wait: timedelta | None = None) -> None:
    """Try again later: after `wait`, or after a wait that doubles with each attempt; after the last attempt the row is parked."""
    if row.attempt >= MOST_ATTEMPTS:
        park(session, row, reason=reason)
        return
    row.state, row.reason = "waiting", _short(reason)
    row.lease_token = row.lease_until = None
    row.not_before = database_now(session) + (wait or backoff(row.attempt))


def park(session: Session, row: Leased, *, reason: str) -> None:
    """Give up until a person looks: visible, replayable, in nobody's way."""
    row.state, row.reason = "parked", _short(reason)
    row.lease_token = row.lease_until = None
    row.settled_at = database_now(session)


def replay(session: Session, row: Leased) -> None:
    """A person says: try that again from the start."""
    row.state, row.attempt, row.reason, row.settled_at = "waiting", 0, None, None
    row.lease_token = row.lease_until = None
    row.not_before = database_now(session)


def backoff(attempt: int) -> timedelta:
    """5 s, doubling with each attempt, an hour at most, with up to a fifth of jitter so that a crowd does not come back as one."""
    steady = min(_FIRST_WAIT * (1 << max(attempt - 1, 0)), _LONGEST_WAIT)
    return steady * (1 + (secrets.randbelow(400) - 200) / 1000)


def _short(reason: str | None) -> str | None:
    return reason if reason is None else reason.replace("\x00", "")[:500]


class Schedule(Base):
    """Recurring work: one row each, claimed like any other work. There is no cron and no second scheduler."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    every_seconds: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcTime)


@dataclass(frozen=True, slots=True)
class Recurring:
    """Work that is due again `every` so often; `work` opens its own transactions."""

    name: str
    every: timedelta
    work: Callable[[Database], object]


def run_due(db: Database, recurring: Sequence[Recurring]) -> int:
    """Run each recurring work that is due, once over all workers; returns how many ran."""
    with db.reading() as connection:
        # most ticks find nothing due, and looking needs no transaction
        known = connection.execute(select(Schedule.name, Schedule.next_at > database_moment(connection))).all()
    resting = {name for name, is_later in known if is_later}
    ran = 0
    for each in recurring:
        if each.name not in resting and _take_turn(db, each):
            each.work(db)
            ran += 1
    return ran


def _take_turn(db: Database, each: Recurring) -> bool:
    with db.transaction() as session:
        moment = database_now(session)
        seconds = int(each.every.total_seconds())
        first = insert_new(session, Schedule).values(name=each.name, every_seconds=seconds, next_at=moment)
        session.execute(first)
        row = session.get_one(Schedule, each.name, with_for_update=True, populate_existing=True)
        if row.next_at > moment:
            return False
        row.every_seconds, row.next_at = seconds, moment + each.every
        return True
