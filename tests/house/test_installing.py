"""`deliver_all` delivers twice and lets no failure pass."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from forum.kernel import outbox
from forum.kernel.db import Database
from tests.installing import deliver_all


@dataclass(frozen=True)
class SomethingHappened:
    thing_id: int


def _record(database: Database) -> None:
    with database.transaction() as session:
        outbox.record(session, SomethingHappened(thing_id=7))


def test_each_fact_is_delivered_twice(fresh_database: Database) -> None:
    seen: list[int] = []

    def note(_session: Session, event: Any) -> None:
        seen.append(event.thing_id)

    _record(fresh_database)
    deliver_all(fresh_database, subscribers={"notes": {SomethingHappened: note}})
    assert seen == [7, 7]


def test_a_reaction_that_fails_fails_the_test(fresh_database: Database) -> None:
    def break_down(session: Session, _event: Any) -> None:
        session.execute(text("SELECT 1 FROM nowhere"))

    _record(fresh_database)
    with pytest.raises(AssertionError, match=r"notes: .*nowhere"):
        deliver_all(fresh_database, subscribers={"notes": {SomethingHappened: break_down}})
