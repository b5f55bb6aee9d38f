"""Prepared selects: the short way to the database gives what the long one gives, and tells of the same troubles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import BigInteger, Connection, bindparam, event, func, literal_column, select
from sqlalchemy.exc import DBAPIError, InvalidRequestError, StatementError

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.db import Database, UtcTime
from forum.kernel.prepared import Prepared
from forum.members.tables import Member
from forum.threads.pages import thread_page
from tests.forum import making as make

_M = Member.__table__.c


class Line(msgspec.Struct, frozen=True):
    """A member, with columns whose values pass through their types."""

    id: int
    handle: str
    is_bot: bool
    created_at: datetime
    deleted_at: datetime | None


LINES = Prepared(
    select(_M.id, _M.handle, _M.is_bot, _M.created_at, _M.deleted_at)
    .where(_M.created_at >= bindparam("since", type_=UtcTime))
    .order_by(_M.id)
    .limit(2),
    Line,
)
LONG_AGO = datetime(2001, 2, 3, tzinfo=UTC)


@contextmanager
def listening(connection: Connection) -> Iterator[list[str]]:
    """Somebody wants to know what is executed: then statements take the long way."""
    seen: list[str] = []

    def note(*about: Any) -> None:
        seen.append(about[2])

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def somebody(database: Database) -> Actor:
    with database.transaction() as session:
        made = [make.member(session) for _ in range(3)]
    return made[0]


def test_both_ways_give_the_same_of_the_same_types(database: Database, somebody: Actor) -> None:
    with database.reading() as connection:
        short = LINES.all(connection, {"since": LONG_AGO, "more": "is not asked for"})
        with listening(connection) as seen:
            assert LINES.all(connection, {"since": LONG_AGO}) == short
    assert len(seen) == 1
    assert len(short) == 2
    assert short[0].handle.startswith("person")
    assert short[0].is_bot is False
    assert short[0].created_at.tzinfo is UTC


def test_a_thread_page_is_the_same_on_both_ways(database: Database) -> None:
    with database.transaction() as session:
        author = make.member(session)
        thread = make.thread(session, author)
        make.reply(session, thread, make.member(session))
    for actor in (ANONYMOUS, author):
        with database.reading() as connection:
            short = thread_page(connection, actor, thread_id=thread.id)
            with listening(connection) as seen:
                assert thread_page(connection, actor, thread_id=thread.id) == short
            assert seen


def test_it_sees_what_its_own_transaction_wrote(database: Database) -> None:
    with database.transaction() as session:
        made = make.member(session)
        mine = Prepared(select(_M.handle).where(_M.id == bindparam("id", type_=BigInteger)), str)
        assert mine.first(session.connection(), {"id": made.member_id}) == made.handle
        assert mine.first(session.connection(), {"id": -1}) is None


def test_a_value_that_is_missing_is_an_error(database: Database) -> None:
    with database.reading() as connection:
        with pytest.raises(KeyError):
            LINES.all(connection, {})
        with listening(connection), pytest.raises((StatementError, InvalidRequestError)):
            LINES.all(connection, {})


def test_the_values_of_one_call_are_not_the_next_one_s(database: Database, somebody: Actor) -> None:
    with database.reading() as connection:
        assert LINES.all(connection, {"since": LONG_AGO})
        assert LINES.all(connection, {"since": datetime(2999, 1, 1, tzinfo=UTC)}) == []


def test_a_list_of_values_cannot_be_prepared(database: Database) -> None:
    wanted = Prepared(select(_M.id).where(_M.id.in_(bindparam("ids", expanding=True))), int)
    with database.reading() as connection, pytest.raises(ValueError, match="cannot be prepared"):
        wanted.all(connection, {"ids": [1, 2]})


def test_what_the_database_refuses_is_told_without_the_values(database: Database) -> None:
    wrong = Prepared(select(literal_column("no_such_column")).where(literal_column("'x'") == bindparam("secret")), str)
    with database.reading() as connection, pytest.raises(DBAPIError) as caught:
        wrong.all(connection, {"secret": "do not tell"})
    assert "do not tell" not in str(caught.value)


def test_a_connection_that_broke_is_not_used_again(postgres_server: Any, postgres_template: str) -> None:
    name = postgres_server.create(postgres_template)
    database = Database(postgres_server.url_of(name), pool_size=1)
    number, end = (
        Prepared(select(found), int)
        for found in (func.pg_backend_pid(), func.pg_terminate_backend(func.pg_backend_pid()))
    )
    with database.reading() as connection, pytest.raises(DBAPIError) as caught:
        end.all(connection, {})
    assert caught.value.connection_invalidated
    with database.reading() as connection:
        assert number.all(connection, {})
    database.dispose()
    postgres_server.drop(name)
