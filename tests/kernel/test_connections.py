"""Connections that the database closed while they rested in the pool."""

import time

import pytest
from sqlalchemy import text

from forum.kernel.db import Database

_END_THE_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def test_a_connection_that_was_cut_while_it_rested_is_replaced(fresh_database: Database) -> None:
    if fresh_database.is_sqlite:
        pytest.skip("a file does not hang up")
    with fresh_database.reading() as connection:
        connection.execute(text("SELECT 1"))
    with fresh_database.transaction() as session:
        session.execute(_END_THE_OTHERS)
    time.sleep(1.1)  # longer than a connection may rest unasked
    with fresh_database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    with fresh_database.reading() as one, fresh_database.transaction() as session:
        assert one.execute(text("SELECT 2")).scalar_one() == session.execute(text("SELECT 2")).scalar_one()
