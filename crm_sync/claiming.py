"""Taking the next delivery of a connection: one at a time for each subject, by the database's clock, whoever asks."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select, text
from sqlalchemy.orm import Session, aliased

from crm_sync import transitions
from crm_sync.tables import Connection, CrmDelivery, DeliveryStep, packed
from forum.kernel import jobs
from forum.kernel.db import database_now, locked, skip_locked
from forum.kernel.errors import Text

LEASE = timedelta(seconds=120)  # a call may take 30 s, and one run may look, follow a merge and write

# spelled out, not bound: only so do both databases see that the index of what is due fits
_DUE = text("crm_delivery.state IN ('waiting', 'unsure')")
_earlier = aliased(CrmDelivery)
_same_subject = and_(
    _earlier.connection_id == CrmDelivery.connection_id,
    _earlier.kind == CrmDelivery.kind,
    _earlier.local_id == CrmDelivery.local_id,
)
_has_to_wait_its_turn = exists().where(
    _same_subject,
    or_(_earlier.state == "running", and_(_earlier.id < CrmDelivery.id, _earlier.state.in_(("waiting", "unsure")))),
)
_NEXT = (
    select(CrmDelivery)
    .where(
        CrmDelivery.connection_id == bindparam("connection"),
        _DUE,
        CrmDelivery.not_before <= bindparam("moment", type_=CrmDelivery.not_before.type),
        ~_has_to_wait_its_turn,
    )
    .order_by(CrmDelivery.not_before, CrmDelivery.id)
    .limit(1)
)
_LOST = select(CrmDelivery).where(
    CrmDelivery.connection_id == bindparam("connection"),
    CrmDelivery.state == "running",
    CrmDelivery.lease_until < bindparam("moment", type_=CrmDelivery.not_before.type),
)
_AT_WORK = (
    select(Connection.id)
    .where(
        Connection.state == "ok",
        exists().where(
            CrmDelivery.connection_id == Connection.id, CrmDelivery.state.in_(("waiting", "running", "unsure"))
        ),
    )
    .order_by(Connection.failures, Connection.id)
)


@dataclass(frozen=True, slots=True)
class Run:
    """The right to push one delivery until its lease ends, and the connection as it was when the right was given."""

    claim: jobs.Claim
    connection: Connection


def connections_at_work(connection: Any) -> list[int]:
    """Connections with something to do, those that answer well first: one that hangs delays nobody but itself."""
    return list(connection.execute(_AT_WORK).scalars())


def claim_next(session: Session, connection_id: int) -> Run | None:
    """Take one delivery, if the connection may call now. Commit before working.

    The connection's row stays locked until then, so that budget, probe and the order within a subject hold over all workers.
    """
    connection = locked(session, Connection, connection_id)
    moment = database_now(session)
    given = {"connection": connection_id, "moment": moment}
    for delivery in session.scalars(_LOST.with_for_update(**skip_locked(session)), given).all():
        transitions.lost(delivery, moment)
        step(session, delivery, "lost", moment, Text(transitions.WORKER_LOST))
    session.flush()
    if not connection.may_call(moment):
        return None
    found = session.scalars(_NEXT.with_for_update(**skip_locked(session)), given).one_or_none()
    if found is None:
        return None
    return _taken(session, connection, found, moment)


def _taken(session: Session, connection: Connection, delivery: CrmDelivery, moment: datetime) -> Run:
    token = secrets.token_hex(16)
    transitions.claimed(delivery, token=token, until=moment + LEASE)
    connection.note_call(moment, LEASE)
    step(session, delivery, "claimed", moment)
    session.flush()
    return Run(jobs.Claim(delivery.id, token, delivery.attempt), connection)


def step(
    session: Session,
    delivery: CrmDelivery,
    what: str,
    at: datetime,
    note: Text | None = None,
    *,
    attempt: int | None = None,
) -> None:
    """Add a line to a delivery's timeline; `attempt` where it was given back in the meantime."""
    session.add(
        DeliveryStep(
            delivery_id=delivery.id,
            at=at,
            what=what,
            attempt=delivery.attempt if attempt is None else attempt,
            note=None if note is None else packed(note),
        )
    )
