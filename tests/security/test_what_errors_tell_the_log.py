"""An error of the database is logged with its statement, never with what somebody typed or is known by."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import insert, null, text
from sqlalchemy.exc import StatementError

from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members.tables import Credential, Member
from web import logs

HASH = "$argon2id$v=19$canary\n\nof two paragraphs"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    before, stream = logging.getLogger().handlers[:], io.StringIO()
    logs.configure("info", json=True, stream=stream)
    yield stream
    logging.getLogger().handlers[:] = before
    structlog.reset_defaults()


def logged(error: BaseException) -> None:
    log = structlog.get_logger("test")
    log.error("failed", exc_info=error)
    log.warning("failed", error=f"{type(error).__name__}: {error}")


def test_no_value_of_a_row_that_was_refused(database: Database, written: io.StringIO) -> None:
    refused = insert(Credential).values(member_id=1, password_hash=HASH, changed_at=null())
    with pytest.raises(StatementError) as raised, database.transaction() as session:
        session.execute(refused)
    logged(raised.value)
    said = written.getvalue()
    assert "canary" not in said
    assert "paragraphs" not in said
    assert "INSERT INTO credential" in said


def test_no_key_that_is_taken(database: Database, written: io.StringIO) -> None:
    with database.transaction() as session:
        session.add(Member(handle="canary", handle_key="canary", name="Canary", created_at=now()))
    with pytest.raises(StatementError) as raised, database.transaction() as session:
        session.add(Member(handle="canary", handle_key="canary", name="Canary", created_at=now()))
    logged(raised.value)
    assert "canary" not in written.getvalue().lower()


def test_no_value_that_was_asked_for(database: Database, written: io.StringIO) -> None:
    with pytest.raises(StatementError) as raised, database.reading() as connection:
        connection.execute(text("SELECT nothing_here FROM member WHERE handle = :handle"), {"handle": HASH})
    logged(raised.value)
    assert "canary" not in written.getvalue()
    assert "nothing_here" in written.getvalue()
