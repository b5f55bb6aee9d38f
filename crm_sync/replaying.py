"""What a person does about deliveries that did not pass: try again, or let go; and about names that were told: take them back."""

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from crm_sync.claiming import step
from crm_sync.policies import may_manage_connections
from crm_sync.reactions import tell
from crm_sync.tables import CrmDelivery
from crm_sync.transitions import settled
from forum.kernel import jobs
from forum.kernel.access import Actor, require
from forum.kernel.db import database_now, locked, skip_locked
from forum.kernel.errors import N_, Conflict, NotFound, Text
from forum.members import audit

DEAD = ("parked", "held")
BATCH = 500


def replay(session: Session, actor: Actor, *, delivery_id: int) -> None:
    """Try a parked or held delivery again from the start, under the same key.

    Raises:
        NotAllowed, NotFound.
        Conflict: it is on its way, or done.
    """
    require(may_manage_connections(actor))
    _again(session, _dead(session, delivery_id))
    _note(session, actor, "replayed", delivery_id)


def replay_dead(session: Session, actor: Actor, *, connection_id: int | None = None) -> int:
    """Try all parked and held deliveries again, up to 500 in one go; returns how many. Call until it returns 0.

    Raises:
        NotAllowed: the actor does not manage connections.
    """
    require(may_manage_connections(actor))
    found = select(CrmDelivery).where(CrmDelivery.state.in_(DEAD)).order_by(CrmDelivery.id).limit(BATCH)
    if connection_id is not None:
        found = found.where(CrmDelivery.connection_id == connection_id)
    deliveries = session.scalars(found.with_for_update(**skip_locked(session))).all()
    for delivery in deliveries:
        _again(session, delivery)
    if deliveries:
        audit.record(session, actor, "deliveries:replayed", _subject(connection_id), count=len(deliveries))
    session.flush()
    return len(deliveries)


def let_go(session: Session, actor: Actor, *, delivery_id: int) -> None:
    """Give up a parked or held delivery for good; a newer fact about its subject is told as ever.

    Raises:
        NotAllowed, NotFound.
        Conflict: it is on its way, or done.
    """
    require(may_manage_connections(actor))
    delivery, moment = _dead(session, delivery_id), database_now(session)
    settled(delivery, "done", "let-go", None, moment)
    step(session, delivery, "let-go", moment)
    _note(session, actor, "let-go", delivery_id)


def retract(session: Session, actor: Actor, *, after: tuple[str, int] = ("", 0)) -> tuple[int, tuple[str, int] | None]:
    """Tell everything about questions and ideas that was ever told anew, as it stands now, to those who were told.

    So names that left before members were asked go from there, and any that a lost fact has left behind. What says the same
    already is no call. Goes on behind `after`, 500 in one go; returns how many deliveries were written, and the last subject,
    behind which to go on; None at the end.

    Raises:
        NotAllowed: the actor does not manage connections.
    """
    require(may_manage_connections(actor))
    kind, local_id = CrmDelivery.kind, CrmDelivery.local_id
    behind = or_(kind > after[0], and_(kind == after[0], local_id > after[1]))
    told = select(kind, local_id).where(kind.in_(("case", "idea")), behind).distinct().order_by(kind, local_id)
    subjects = session.execute(told.limit(BATCH)).all()
    count = sum(tell(session, row.kind, row.local_id, cause="Retract", known_only=True) for row in subjects)
    if count:
        audit.record(session, actor, "deliveries:retracted", "crm_delivery", count=count)
    last = subjects[-1] if len(subjects) == BATCH else None
    return count, None if last is None else (last.kind, last.local_id)


def _dead(session: Session, delivery_id: int) -> CrmDelivery:
    try:
        delivery = locked(session, CrmDelivery, delivery_id)
    except NotFound:
        raise NotFound(Text(N_("There is no delivery with the number %(number)d."), number=delivery_id)) from None
    if delivery.state not in DEAD:
        raise Conflict(N_("This delivery is on its way or done; there is nothing to try again."))
    return delivery


def _again(session: Session, delivery: CrmDelivery) -> None:
    jobs.replay(session, delivery)
    delivery.why = delivery.tried_since = None
    step(session, delivery, "replayed", delivery.not_before)


def _note(session: Session, actor: Actor, what: str, delivery_id: int) -> None:
    audit.record(session, actor, f"delivery:{what}", f"crm_delivery:{delivery_id}")


def _subject(connection_id: int | None) -> str:
    return "crm_delivery" if connection_id is None else f"crm_connection:{connection_id}"
