"""How a database would carry out the statements that some code sends it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from sqlalchemy import event

from forum.kernel.db import Database

_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Plan:
    """A statement, and the database's answer to EXPLAIN."""

    statement: str
    steps: str

    def scans_whole(self, table: str) -> bool:
        return (
            f"Seq Scan on {table}" in self.steps or re.search(rf"SCAN {table}$", self.steps, re.MULTILINE) is not None
        )


def plans_of(db: Database, run: Callable[[], object]) -> list[Plan]:
    """The plans of all selects, updates and deletes that `run` sends through transactions, each asked for before it runs.

    On PostgreSQL the plan is the generic one, which knows no values: a statement that is sent often ends with that one.
    """
    found: list[Plan] = []

    def ask(_connection: Any, cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:
        if not many and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            explain = _sqlite if db.is_sqlite else _postgresql
            found.append(Plan(" ".join(statement.split()), explain(cursor.connection, statement, given)))

    event.listen(db.engine, "before_cursor_execute", ask)
    try:
        run()
    finally:
        event.remove(db.engine, "before_cursor_execute", ask)
    return found


def _sqlite(connection: Any, statement: str, given: Any) -> str:
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()
    return "\n".join(row[3] for row in rows)


def _postgresql(connection: Any, statement: str, given: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(_PLACE.findall(statement)))
    numbered = _PLACE.sub(lambda place: f"${names.index(place[1]) + 1}", statement).replace("%%", "%")
    values = sql.SQL(", ").join(sql.Literal(given[name]) for name in names)
    call = sql.SQL("EXPLAIN EXECUTE asked ({})").format(values) if names else sql.SQL("EXPLAIN EXECUTE asked")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan", prepare=False)
        cursor.execute(f"PREPARE asked AS {numbered}", prepare=False)
        steps = "\n".join(row[0] for row in cursor.execute(call, prepare=False).fetchall())
        cursor.execute("DEALLOCATE asked", prepare=False)
    return steps
