"""A system that hangs delays nobody but itself."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select

from forum.events import AnswerAccepted
from forum.kernel import outbox
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxDelivery
from tests.crm_sync.office import Office
from tests.installing import settings_for
from tests.servers.webhooks import HANG, Receiver
from web.worker import Worker


def _until_told(office: Office, count: int) -> None:
    until = time.monotonic() + 15
    while _told(office) < count:
        assert time.monotonic() < until, "the reactions wait for the webhook"
        time.sleep(0.02)


@pytest.fixture
def office(fresh_database: Database, receiver: Receiver, tmp_path: Path) -> Office:
    settings = settings_for(fresh_database.url.render_as_string(hide_password=False), tmp_path)
    office = Office(fresh_database, settings, receiver.url)
    office.connect("webhook", url=receiver.url)
    return office


def test_reactions_go_on_while_a_webhook_hangs(office: Office, receiver: Receiver) -> None:
    receiver.answer = HANG
    worker = Worker(office.db, office.settings)
    worker.start_ticking()
    try:
        for count in (1, 2):
            asked = office.asked()
            with office.db.transaction() as session:
                outbox.record(session, AnswerAccepted(thread_id=asked.thread_id, acceptance_id=count))
            _until_told(office, count)
            receiver.wait_for(1)
        assert len(receiver.received) == 1  # still hanging
    finally:
        receiver.release()
        worker.stop()


def _told(office: Office) -> int:
    with office.db.reading() as connection:
        done = select(OutboxDelivery.id).where(OutboxDelivery.subscriber == "crm", OutboxDelivery.state == "done")
        return len(connection.execute(done).all())
