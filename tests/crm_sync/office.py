"""An installation with a database and a worker's hands: facts come in, rounds are made, time passes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from crm_sync.connectors import Opening, Setup, open_remote
from crm_sync.delivering import Courier, deliver_round
from crm_sync.ports import Remote
from crm_sync.reactions import REACTIONS
from crm_sync.sealing import Secret, seal
from crm_sync.tables import Connection, CrmDelivery, DeliveryStep, RemoteLink
from forum.events import Event
from forum.kernel.db import Database
from forum.kernel.egress import Client
from forum.kernel.settings import Settings
from tests.crm_sync import make
from tests.crm_sync.desk import DeskConnector
from tests.crm_sync.make import Asked

SETTLED_LONG_AGO = timedelta(days=2)


class Office:
    """One installation. Everything that is called lies on loopback."""

    def __init__(self, db: Database, settings: Settings, *urls: str) -> None:
        self.db = db
        self.settings = make.allowing(settings, *urls)
        self.egress = Client(self.settings)

    def connect(self, connector: str, *, name: str = "desk", installation: str = "loggia-1a2b", **config: Any) -> int:
        with self.db.transaction() as session:
            connection = make.connection(name=name, connector=connector)
            connection.config, connection.installation = config, installation
            kept = [Secret(make.SECRET)]
            connection.secrets = seal(kept, secret_key=self.settings.secret_key, bound_to=name)
            session.add(connection)
            session.flush()
            return connection.id

    def asked(self, **given: Any) -> Asked:
        with self.db.transaction() as session:
            return make.question(session, **given)

    def happens(self, event: Event) -> None:
        """A fact reaches crm_sync's reaction, as the outbox brings it."""
        with self.db.transaction() as session:
            REACTIONS[type(event)](session, event)

    def round(self, opening: Opening | None = None) -> int:
        return deliver_round(self.db, self.egress, self.settings, opening=opening or opened)

    def courier(self) -> Courier:
        return Courier(self.db, self.egress, self.settings, opened)

    def time_passes(self) -> None:
        """Whatever waits for a time has waited long enough: retries, pauses, probes and leases."""
        with self.db.transaction() as session:
            long_ago = make.NOON - SETTLED_LONG_AGO
            session.execute(
                update(CrmDelivery).where(CrmDelivery.state.in_(("waiting", "unsure"))).values(not_before=long_ago)
            )
            session.execute(
                update(CrmDelivery).where(CrmDelivery.lease_until.is_not(None)).values(lease_until=long_ago)
            )
            session.execute(
                update(Connection).where(Connection.paused_until.is_not(None)).values(paused_until=long_ago)
            )
            session.execute(
                update(Connection).where(Connection.breaker_until.is_not(None)).values(breaker_until=long_ago)
            )

    def work_off(self, opening: Opening | None = None, rounds: int = 30) -> None:
        """Rounds, with time passing in between, until nothing moves."""
        for _ in range(rounds):
            self.time_passes()
            if not self.round(opening):
                return
        raise AssertionError("still moving")

    def states(self, **where: Any) -> list[tuple[str, str | None]]:
        """State and reason of the deliveries, in their order."""
        with self.db.reading() as connection:
            rows = connection.execute(
                select(CrmDelivery.state, CrmDelivery.reason).filter_by(**where).order_by(CrmDelivery.id)
            )
            return [(row.state, row.reason) for row in rows]

    def one(self) -> Any:
        with self.db.reading() as connection:
            return connection.execute(select(CrmDelivery.__table__)).one()

    def steps(self, delivery_id: int = 1) -> list[str]:
        with self.db.reading() as connection:
            found = select(DeliveryStep.what).where(DeliveryStep.delivery_id == delivery_id).order_by(DeliveryStep.id)
            return list(connection.execute(found).scalars())

    def steps_notes(self) -> str:
        with self.db.reading() as connection:
            notes = connection.execute(select(DeliveryStep.note).where(DeliveryStep.note.is_not(None))).scalars()
            return " ".join(str(note) for note in notes)

    def connection_row(self, name: str = "desk") -> Any:
        with self.db.reading() as connection:
            return connection.execute(select(Connection.__table__).where(Connection.name == name)).one()

    def link(self) -> Any:
        with self.db.reading() as connection:
            return connection.execute(select(RemoteLink.__table__)).one()

    def change(self, entity: type[Any], key: int, **values: Any) -> None:
        """Somebody else's verb changed a row of the forum."""
        with self.db.transaction() as session:
            row = session.get_one(entity, key)
            for name, value in values.items():
                setattr(row, name, value)


def opened(connector: str, setup: Setup) -> Remote:
    """The connectors of the house, and the desk of the tests."""
    if connector == "desk":
        return DeskConnector(setup, timedelta(seconds=float(setup.config.get("settle", 0))))
    return open_remote(connector, setup)


class Killed(BaseException):
    """A worker dies: nothing of ours may catch it."""


def dying(where: str) -> Opening:
    """A worker that dies before its call is prepared, before the call, or after the answer."""

    def opening(connector: str, setup: Setup) -> Remote:
        if where == "prepare":
            raise Killed
        remote = opened(connector, setup)
        real = remote.put_case

        def put_case(*given: Any) -> Any:
            if where == "after":
                real(*given)
            raise Killed

        remote.put_case = put_case  # type: ignore[method-assign, assignment]
        return remote

    return opening


def ids(requests: list[Any]) -> list[Mapping[str, str]]:
    """The `webhook-id` of each request, in order."""
    return [request.headers["webhook-id"] for request in requests]
