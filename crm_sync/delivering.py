"""The rounds that carry deliveries outward. Three short transactions around each call, and the call itself outside of them.

1. claim: the attempt is counted. 2. prepare: what is to be said now, and `called_at`, committed before the socket opens.
3. settle, only if the lease is still ours. A worker may die between any two of them: see `transitions.lost`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm_sync import sealing, transitions
from crm_sync.calling import Push, perform
from crm_sync.claiming import Run, claim_next, connections_at_work, step
from crm_sync.connectors import Opening, Setup, open_remote
from crm_sync.documents import document_of, worth_telling
from crm_sync.ports import Document, Failure, Key, Link, Receipt, Remote, Unauthorised, Unsure, digest_of
from crm_sync.tables import Connection, CrmDelivery, RemoteLink, unpacked
from forum.kernel.clock import now
from forum.kernel.db import Database, database_now, locked
from forum.kernel.egress import Client
from forum.kernel.errors import N_, Text
from forum.kernel.jobs import still_ours
from forum.kernel.settings import Settings
from forum.members import audit
from forum.members.actors import SYSTEM

MOST_IN_A_ROW = 20  # of one connection, before the next one has its turn

CANNOT_OPEN_SECRETS = N_("The stored secret cannot be read: LOGGIA_SECRET_KEY was changed. Enter the secret again.")
UNKNOWN_CONNECTOR = N_("This version does not know the connector %(connector)s.")

_log = structlog.get_logger("loggia.crm")


def deliver_round(
    db: Database,
    egress: Client,
    settings: Settings,
    *,
    opening: Opening = open_remote,
    going_on: Callable[[], bool] = lambda: True,
) -> int:
    """Deliver what is due, on every connection that may call; returns how many deliveries were taken up, 0 when idle.

    Safe to run in as many workers at once as wanted. A call may take half a minute, so give it a thread of its own. After
    each call `going_on` is asked, so that a worker that is to stop finishes the piece in hand and no more.
    """
    courier = Courier(db, egress, settings, opening, going_on)
    with db.reading() as connection:
        ids = connections_at_work(connection)
    return sum(courier.drain(connection_id) for connection_id in ids)


@dataclass(frozen=True, slots=True)
class _Prepared:
    push: Push
    unsure_before: datetime | None


@dataclass(frozen=True, slots=True)
class Courier:
    db: Database
    egress: Client
    settings: Settings
    opening: Opening
    going_on: Callable[[], bool] = lambda: True

    def drain(self, connection_id: int) -> int:
        """Deliver one after the other; a connection that does not answer has had its turn after one."""
        for count in range(MOST_IN_A_ROW):
            if not self.going_on():
                return count
            with self.db.transaction() as session:
                run = claim_next(session, connection_id)
            if run is None:
                return count
            if not self.deliver(run):
                return count + 1
        return MOST_IN_A_ROW

    def deliver(self, run: Run) -> bool:
        """Carry one delivery out and settle it. Returns whether it is worth while to go on with this connection at once."""
        prepared = None
        try:
            remote = self.remote_of(run.connection)
            with self.db.transaction() as session:
                prepared = _prepare(session, run, self.settings.base_url)
            if prepared is None:
                return True
            receipt = perform(remote, prepared.push)
        except SQLAlchemyError:
            raise  # the database is away: the lease runs out, and what was called is unsure
        except Failure as failure:
            self.settle_failure(run, prepared, failure)
            return not isinstance(failure, Unsure)
        except Exception as fault:  # noqa: BLE001 (parked with its sentence, so that others go on)
            _log.exception(
                "delivery failed by a fault of ours", delivery=run.claim.key, connector=run.connection.connector
            )
            self.settle_failure(run, prepared, fault)
            return True
        self.settle_receipt(run, prepared, receipt)
        return True

    def remote_of(self, connection: Connection) -> Remote:
        try:
            kept = sealing.unseal(connection.secrets, secret_key=self.settings.secret_key, bound_to=connection.name)
        except sealing.CannotOpen as error:
            raise Unauthorised(CANNOT_OPEN_SECRETS) from error
        setup = Setup(
            name=connection.name,
            installation=connection.installation,
            config=connection.config,
            secrets=sealing.valid(kept, now()),
            base_url=self.settings.base_url,
            var_dir=self.settings.var_dir,
            egress=self.egress,
        )
        try:
            return self.opening(connection.connector, setup)
        except LookupError as error:
            raise Unauthorised(Text(UNKNOWN_CONNECTOR, connector=connection.connector)) from error

    def settle_receipt(self, run: Run, prepared: _Prepared, receipt: Receipt | None) -> None:
        with self.db.transaction() as session:
            delivery = still_ours(session, CrmDelivery, run.claim)
            if delivery is None:
                return  # too slow: somebody else has it, and finds out what we did
            connection, moment = locked(session, Connection, run.connection.id), database_now(session)
            _tell_trail(session, delivery, prepared, moment)
            link = _link_of(session, delivery)
            if receipt is None or link is None:
                connection.answered(moment, success=True)
                _withhold(session, delivery, moment)
                if link is not None:
                    link.unsure_since = None
                return
            transitions.succeeded(connection, delivery, link, receipt, moment)
            step(session, delivery, receipt.outcome, moment)

    def settle_failure(self, run: Run, prepared: _Prepared | None, failure: Exception) -> None:
        with self.db.transaction() as session:
            delivery = still_ours(session, CrmDelivery, run.claim)
            if delivery is None:
                return
            connection, moment = locked(session, Connection, run.connection.id), database_now(session)
            was_held = connection.state == "held"
            link = _link_of(session, delivery)
            if prepared is not None and link is not None:
                _tell_trail(session, delivery, prepared, moment)
                transitions.surely_not_done(link, failure, unsure_before=prepared.unsure_before)
            transitions.failed(connection, delivery, failure, moment)
            step(
                session, delivery, delivery.reason or "fault", moment, unpacked(delivery.why), attempt=run.claim.attempt
            )
            if delivery.state == "parked":
                step(session, delivery, "parked", moment, attempt=run.claim.attempt)
            if connection.state == "held" and not was_held:
                audit.record(session, SYSTEM, "connection:held", f"crm_connection:{connection.id}", why=connection.why)


def _prepare(session: Session, run: Run, base_url: str) -> _Prepared | None:
    """What to say now. None when there is nothing to call for: settled at once, or no longer ours."""
    delivery = still_ours(session, CrmDelivery, run.claim)
    if delivery is None:
        return None
    moment = database_now(session)
    link = _link_of(session, delivery)
    document = document_of(session, delivery.kind, delivery.local_id, base_url=base_url)  # type: ignore[arg-type]
    known = link is not None and (link.unsure_since is not None or (link.remote_id is not None and not link.withdrawn))
    if not known and (document is None or not worth_telling(document)):
        _withhold(session, delivery, moment)
        return None
    digest = transitions.WITHDRAWN if document is None else digest_of(document)
    if transitions.needs_no_call(link, digest):
        transitions.settled(delivery, "done", "unchanged", None, moment)
        step(session, delivery, "unchanged", moment)
        return None
    return _about_to_call(session, run, delivery, link, document, digest, moment)


def _about_to_call(
    session: Session,
    run: Run,
    delivery: CrmDelivery,
    link: RemoteLink | None,
    document: Document | None,
    digest: str,
    moment: datetime,
) -> _Prepared:
    if link is None:
        link = RemoteLink(
            connection_id=delivery.connection_id, kind=delivery.kind, local_id=delivery.local_id, updated_at=moment
        )
        session.add(link)
    unsure_before = link.unsure_since
    transitions.called(delivery, link, digest=digest, moment=moment)
    step(session, delivery, "called", moment)
    push = Push(
        key=_key_of(run, delivery, digest, delivery.as_of or moment),
        document=document,
        at=_as_port(link),
        unsure_for=None if unsure_before is None else moment - unsure_before,
    )
    return _Prepared(push, unsure_before)


def _key_of(run: Run, delivery: CrmDelivery, digest: str, as_of: datetime) -> Key:
    installation = run.connection.installation
    return Key(
        installation=installation,
        kind=delivery.kind,  # type: ignore[arg-type]  # what reactions wrote
        local_id=delivery.local_id,
        event=f"{installation}-{delivery.id}-{digest[:12]}",
        at=as_of,
    )


def _as_port(link: RemoteLink) -> Link | None:
    if link.remote_id is None:
        return None
    return Link(kind=link.kind, remote_id=link.remote_id, version=link.version, digest=link.digest)  # type: ignore[arg-type]


def _withhold(session: Session, delivery: CrmDelivery, moment: datetime) -> None:
    transitions.settled(delivery, "done", "withheld", None, moment)
    step(session, delivery, "withheld", moment)


def _tell_trail(session: Session, delivery: CrmDelivery, prepared: _Prepared, moment: datetime) -> None:
    for what, note in prepared.push.trail:
        step(session, delivery, what, moment, note)


def _link_of(session: Session, delivery: CrmDelivery) -> RemoteLink | None:
    return session.scalar(
        select(RemoteLink).where(
            RemoteLink.connection_id == delivery.connection_id,
            RemoteLink.kind == delivery.kind,
            RemoteLink.local_id == delivery.local_id,
        )
    )
