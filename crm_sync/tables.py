"""Connections, what is on its way through them, and which remote record stands for which of ours."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel import errors
from forum.kernel.db import Base, BigId, Json, UtcTime
from forum.kernel.jobs import Leased

FAILURES_TO_OPEN = 5
_FIRST_PROBE, _LONGEST_PROBE = timedelta(seconds=30), timedelta(minutes=10)

STATES = ("waiting", "running", "unsure", "done", "held", "parked")


def packed(sentence: errors.Text) -> dict[str, Any]:
    """A sentence as it is kept in a row, still to be translated for whoever reads it."""
    return {"msgid": sentence.msgid, "values": {name: str(value) for name, value in sentence.values.items()}}


def unpacked(kept: dict[str, Any] | None) -> errors.Text | None:
    """The sentence that `packed` wrote down."""
    return None if kept is None else errors.Text(kept["msgid"], **kept["values"])


class Connection(Base):
    """One connected system of the company.

    `installation` is our name in every key we send: it stays when the site is renamed, and no two installations share it.
    `secrets` are sealed under the installation's secret key. `budget` is the calls a minute that we allow ourselves.
    """

    __tablename__ = "crm_connection"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    connector: Mapped[str] = mapped_column(String(30))
    installation: Mapped[str] = mapped_column(String(60))
    config: Mapped[dict[str, Any]] = mapped_column(Json)
    secrets: Mapped[str | None] = mapped_column(Text, default=None)
    state: Mapped[str] = mapped_column(String(8), default="ok")
    why: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    paused_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    failures: Mapped[int] = mapped_column(default=0)
    breaker_until: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    budget: Mapped[int | None] = mapped_column(default=None)
    budget_left: Mapped[int] = mapped_column(default=0)
    budget_since: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcTime)

    def may_call(self, moment: datetime) -> bool:
        """Whether a delivery may be claimed now: not held, not paused, breaker closed or due for a probe, budget left."""
        if self.state != "ok" or (self.paused_until is not None and moment < self.paused_until):
            return False
        if self.breaker_until is not None and moment < self.breaker_until:
            return False
        return self.budget is None or self._left(self.budget, moment) > 0

    def note_call(self, moment: datetime, lease: timedelta) -> None:
        """A delivery was claimed: it counts against the budget, and through an open breaker it is the only probe."""
        if self.breaker_until is not None:
            self.breaker_until = moment + lease
        if self.budget is not None:
            left = self._left(self.budget, moment)
            if left >= self.budget:
                self.budget_since = moment
            self.budget_left = left - 1

    def _left(self, budget: int, moment: datetime) -> int:
        # a full minute brings the whole budget back; no finer, because vendors count by windows too
        if self.budget_since is None or moment - self.budget_since >= timedelta(minutes=1):
            return budget
        return self.budget_left

    def answered(self, moment: datetime, *, success: bool) -> None:
        """The system answered, whatever it said: the breaker closes."""
        self.failures, self.breaker_until = 0, None
        if success:
            self.last_success_at = moment

    def did_not_answer(self, moment: datetime) -> None:
        """A time-out, a lost connection or a fault of theirs; the fifth in a row opens the breaker."""
        self.failures += 1
        excess = self.failures - FAILURES_TO_OPEN
        if excess >= 0:
            self.breaker_until = moment + min(_FIRST_PROBE * 2 ** min(excess, 10), _LONGEST_PROBE)

    def hold(self, why: errors.Text) -> None:
        """Stop calling until a person resumes; deliveries keep waiting."""
        self.state, self.why = "held", packed(why)

    def resume(self) -> None:
        """Call again, with a clean slate."""
        self.state, self.why, self.paused_until = "ok", None, None
        self.failures, self.breaker_until = 0, None


class CrmDelivery(Leased, Base):
    """The present state of one subject on its way to one connection.

    `called_at` is committed before the socket opens: a run that ends without an answer after it is unsure, not waiting.
    `digest` is what the last call said, `as_of` when that was first said: a repetition is the same message with the same time.
    `reason` is a code word for grouping, `why` the sentence for people; `tried_since` is the first call since the last replay.
    """

    __tablename__ = "crm_delivery"
    __table_args__ = (
        Index("ix_crm_delivery_subject", "connection_id", "kind", "local_id", "id"),
        Index("ix_crm_delivery_state", "connection_id", "state", "id"),
        Index("ix_crm_delivery_newest", "state", "id"),
        Index("ix_crm_delivery_settled", "connection_id", "settled_at"),
        Index(
            "ix_crm_delivery_due",
            "connection_id",
            "not_before",
            "id",
            sqlite_where=text("state IN ('waiting', 'unsure')"),
            postgresql_where=text("state IN ('waiting', 'unsure')"),
        ),
        Index(
            "uq_crm_delivery_running",
            "connection_id",
            "kind",
            "local_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    connection_id: Mapped[int] = mapped_column(ForeignKey("crm_connection.id"))
    kind: Mapped[str] = mapped_column(String(10))
    local_id: Mapped[int] = mapped_column(BigId)
    cause: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    called_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    tried_since: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    digest: Mapped[str | None] = mapped_column(String(64), default=None)
    as_of: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    why: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    receipt: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)


class DeliveryStep(Base):
    """One line of a delivery's timeline. Only ever appended."""

    __tablename__ = "crm_delivery_step"
    __table_args__ = (Index("ix_crm_delivery_step", "delivery_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("crm_delivery.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    what: Mapped[str] = mapped_column(String(20))
    attempt: Mapped[int]
    note: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)


class RemoteLink(Base):
    """Which record over there stands for one of ours.

    It is made with the first call, before there is an id: `unsure_since` then says that a call went out whose outcome is not
    known. That outlives the delivery that made the call, so whoever comes next for this subject looks before it writes.
    """

    __tablename__ = "crm_remote_link"
    __table_args__ = (UniqueConstraint("connection_id", "kind", "local_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    connection_id: Mapped[int] = mapped_column(ForeignKey("crm_connection.id"))
    kind: Mapped[str] = mapped_column(String(10))
    local_id: Mapped[int] = mapped_column(BigId)
    remote_id: Mapped[str | None] = mapped_column(String(255), default=None)
    version: Mapped[str | None] = mapped_column(String(255), default=None)
    digest: Mapped[str | None] = mapped_column(String(64), default=None)
    url: Mapped[str | None] = mapped_column(Text, default=None)
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)
    unsure_since: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
