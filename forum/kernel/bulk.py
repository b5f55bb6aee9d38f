"""Writing many rows at once, as imports and rebuildings do: ids are set aside first, and nothing is asked back.

PostgreSQL takes them as a stream (COPY), SQLite as one prepared statement. For what people do, entities are the way.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect, Table, func, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from forum.kernel.db import Base, is_sqlite

Values = Mapping[str, Any]

_LAST_ON_SQLITE = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_NEXT = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
_RAISE = text(
    """SELECT setval(found.name, :highest) FROM (SELECT pg_get_serial_sequence(:name, 'id') AS name) AS found
    WHERE coalesce(pg_sequence_last_value(found.name), 0) < :highest"""
)
HIGHEST_WANTED = 2**40
"""Beyond this an id is no number that somebody counted up to, and is not kept."""


def add_numbered(
    session: Session, entity: type[Base], rows: Sequence[Values], *, wanted: Sequence[int | None] = ()
) -> list[int]:
    """Insert rows of a table whose `id` the database numbers; returns their ids in the order of the rows, rising.

    `wanted` are ids that rows should have, as long as the rows; one that is taken is passed over. Those rows may not be rising.
    """
    kept = _free(session, entity, {id_ for id_ in wanted if id_ is not None and 0 < id_ <= HIGHEST_WANTED})
    count = sum(id_ not in kept for id_ in wanted) if wanted else len(rows)
    others = iter(_set_aside(session, entity, count, behind=max(kept, default=0)))
    ids = [id_ if id_ in kept else next(others) for id_ in wanted or [None] * len(rows)]
    add(session, entity, [{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)])
    return ids


def add(session: Session, entity: type[Base], rows: Sequence[Values]) -> None:
    """Insert rows that all name the same columns; what they leave out gets its default.

    Raises:
        sqlalchemy.exc.IntegrityError: on SQLite, a row breaks a rule of the table.
        psycopg.errors.IntegrityError: the same on PostgreSQL.
    """
    if not rows:
        return
    if is_sqlite(session):
        session.connection().execute(insert(entity), rows)
    else:
        _copy(session, entity.metadata.tables[entity.__tablename__], rows)


def _free(session: Session, entity: type[Base], ids: set[int]) -> set[int]:
    """Those of the ids that no row has; from now on nobody else gets them."""
    if not ids:
        return ids
    column, connection = entity.__table__.c.id, session.connection()
    if not is_sqlite(session):
        connection.execute(_RAISE, {"name": entity.__tablename__, "highest": max(ids)})
    return ids - set(connection.scalars(select(column).where(column.in_(ids))))


def _set_aside(session: Session, entity: type[Base], count: int, *, behind: int) -> list[int]:
    """Ids that nobody else will get. On SQLite the transaction is the only one that writes."""
    if not count:
        return []
    connection, name = session.connection(), entity.__tablename__
    if not is_sqlite(session):
        return sorted(connection.scalars(_NEXT, {"name": name, "count": count}))
    highest = select(func.coalesce(func.max(entity.__table__.c.id), 0))
    last = max(connection.scalar(_LAST_ON_SQLITE, {"name": name}) or 0, connection.scalar(highest) or 0)
    first = max(last, behind) + 1
    return list(range(first, first + count))


def _copy(session: Session, table: Table, rows: Sequence[Values]) -> None:
    connection = session.connection()
    columns = [column for column in table.columns if column.name in rows[0] or _default(column) is not None]
    names = ", ".join(f'"{column.name}"' for column in columns)
    taken = [(column.name, _default(column), _processor(column, connection.dialect)) for column in columns]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(
                [
                    row.get(name, default) if process is None else process(row.get(name, default))
                    for name, default, process in taken
                ]
            )


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return default.arg if default is not None and default.is_scalar else None


def _processor(column: Column[Any], dialect: Dialect) -> Any:
    """What turns a value into the database's own, for the types of our making; the driver knows the rest."""
    kind = column.type
    return (lambda value: kind.process_bind_param(value, dialect)) if isinstance(kind, TypeDecorator) else None
