"""How much a database works for what a page reads, counted so that it is the same on a busy machine and on an idle one.

SQLite counts the steps of its virtual machine; PostgreSQL tells of each part of a plan how many rows it came upon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event

from forum.kernel.access import ANONYMOUS
from forum.kernel.db import Base, Database
from forum.search import pages as search
from forum.threads import lists, pages, places, profiles
from tests.benchmarks.community import Community

Read = Callable[[Connection], object]
SMALL = frozenset({"category", "tag"})
"""Tables with as many rows as somebody cares to look after: to read all of them is right."""
_EVERY = 10  # steps
# With the names that the statements give them; what is left are parts of a statement itself.
_TABLES = {*Base.metadata.tables, "newest", "last", "speaker"}


@dataclass(frozen=True)
class Ran:
    """A statement that ran, with its parameters."""

    sql: str
    parameters: Any


def reads(made: Community) -> dict[str, Read]:
    """What the pages read that must not grow with the community."""
    middle = made.thread_ids[len(made.thread_ids) // 2]
    return {
        "thread": lambda c: pages.thread_page(c, ANONYMOUS, thread_id=middle),
        "categories": lambda c: places.category_list(c, ANONYMOUS),
        "latest": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted()),
        "newest": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(sort="newest")),
        "top": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(sort="top")),
        "solved": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(state="solved")),
        "waiting longest": lambda c: lists.waiting_longest(c, ANONYMOUS),
        "category": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(category_id=3)),
        "top of a category": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(category_id=3, sort="top")),
        "newest of a category": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(category_id=3, sort="newest")),
        "discussions": lambda c: lists.thread_list(c, ANONYMOUS, lists.Wanted(kind="discussion")),
        "tags": lambda c: places.tag_list(c),
        "profile": lambda c: profiles.profile_page(c, ANONYMOUS, handle=made.handle),
        "answers": lambda c: profiles.answer_list(c, ANONYMOUS, member_id=made.average_id),
        "search": lambda c: search.search_page(c, ANONYMOUS, search.Asked(typed=f"stops {made.rare_word}")),
    }


def work(db: Database, read: Read) -> float:
    """How much the database does for one reading."""
    with planning(db) as connection:
        return _steps(connection, read) if db.is_sqlite else sum(map(_rows, plans(connection, read)))


@contextmanager
def planning(db: Database) -> Iterator[Connection]:
    """A connection on which PostgreSQL plans as for large tables: small ones it reads whole, whatever indexes they have."""
    with db.reading() as connection:
        if db.is_sqlite:
            yield connection
            return
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.exec_driver_sql(f"SET enable_{way} = off")
        yield connection
        connection.exec_driver_sql("RESET ALL")


def _steps(connection: Connection, read: Read) -> int:
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += _EVERY
        return 0

    raw: Any = connection.connection.driver_connection
    raw.set_progress_handler(count, _EVERY)
    try:
        read(connection)
    finally:
        raw.set_progress_handler(None, 0)
    return counted


def ran(connection: Connection, read: Read) -> list[Ran]:
    """The statements that a reading consists of."""
    seen: list[Ran] = []

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        seen.append(Ran(sql, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        read(connection)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return seen


def plans(connection: Connection, read: Read) -> Iterator[dict[str, Any]]:
    """PostgreSQL's plan of each statement, with what came of it."""
    for one in ran(connection, read):
        explained = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {one.sql}", one.parameters
        ).scalar_one()
        yield explained[0]["Plan"]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def _rows(plan: dict[str, Any]) -> float:
    """The rows of tables that a plan came upon, those included that it passed over."""
    found = 0.0
    for node in nodes(plan):
        if node.get("Relation Name", "tag") in SMALL:
            continue
        seen = node["Actual Rows"] + sum(value for name, value in node.items() if name.startswith("Rows Removed"))
        found += seen * node["Actual Loops"]
    return found


def scanned(connection: Connection, read: Read, *, on_sqlite: bool) -> list[str]:
    """The tables that a reading goes through from one end to the other, without an index."""
    if not on_sqlite:
        parts = (node for plan in plans(connection, read) for node in nodes(plan))
        return sorted({node["Relation Name"] for node in parts if node["Node Type"] == "Seq Scan"})
    found = set()
    for one in ran(connection, read):
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one.sql}", one.parameters):
            words = str(row[-1]).split()
            if words[0] == "SCAN" and "INDEX" not in words and words[1] in _TABLES:
                found.add(words[1])
    return sorted(found)
