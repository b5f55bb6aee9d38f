"""Selects of the hottest pages, run past the layer that would prepare each execution anew.

SQLAlchemy's Core spends more on an execution (parameters, context, result) than the driver and the database together:
of a thread page's 0.67 ms of CPU for three selects on PostgreSQL, 0.39 ms; on SQLite 0.15 of 0.34 ms. Here a statement is
compiled once per database, and its values go to the driver and its rows into structs with the types' own processors.

What it is not: another way to write SQL. The statements are the same Core selects, and while somebody listens to what is
executed (tests count selects) they take the long way, which a test compares with the short one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Select

T = TypeVar("T")
_Processor = Callable[[Any], Any]


class _Compiled:
    """A statement in one database's words, with what its values and columns pass through."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        binds = statement.compile(dialect=dialect).binds
        if any(bound.expanding for bound in binds.values()):
            raise ValueError("a statement whose text depends on its values (an IN over a list) cannot be prepared")
        nothing = {name: None for name, bound in binds.items() if bound.required}
        # Some constants (a separator) are written into the text, which wants every value to be there; no other depends on one.
        compiled = statement.params(nothing).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        self.order: Sequence[str] | None = compiled.positiontup
        self.defaults = {name: bound.value for name, bound in binds.items() if not bound.required}
        self.incoming = _processors(
            (name, bound.type.dialect_impl(dialect).bind_processor(dialect)) for name, bound in binds.items()
        )
        self.outgoing = _processors(
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(statement.selected_columns)
        )

    def values(self, given: Mapping[str, Any]) -> Any:
        """The values as the driver takes them: by place or by name."""
        values = {**self.defaults, **given}
        for name, process in self.incoming:
            values[name] = process(values[name])
        return values if self.order is None else [values[name] for name in self.order]

    def made(self, row: Callable[..., T], rows: list[Any]) -> list[T]:
        found = []
        for read in rows:
            values = list(read)
            for place, process in self.outgoing:
                value = values[place]
                if value is not None:  # NULL is None for every type of ours
                    values[place] = process(value)
            found.append(row(*values))
        return found


def _processors(found: Any) -> tuple[tuple[Any, _Processor], ...]:
    return tuple((where, process) for where, process in found if process is not None)


class Prepared(Generic[T]):
    """A select, and what each of its rows becomes: `row` is called with the columns in their order.

    `statement` has bind parameters by name; an `IN` over a list is none that it takes.
    """

    def __init__(self, statement: Select[Any], row: Callable[..., T]) -> None:
        self.statement = statement
        self._row = row
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[T]:
        """Every row. `values` may hold more than the statement asks for.

        Raises:
            DBAPIError: what `connection.execute` would raise; a connection that broke leaves its pool.
            KeyError: a value is missing.
            ValueError: the statement has an `IN` over a list.
        """
        if connection.dispatch.before_cursor_execute:
            return [self._row(*row) for row in connection.execute(self.statement, dict(values))]
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self.statement, dialect)
        return compiled.made(self._row, _fetched(connection, compiled.text, compiled.values(values)))

    def first(self, connection: Connection, values: Mapping[str, Any]) -> T | None:
        """The first row, if there is one. Raises what `all` raises."""
        found = self.all(connection, values)
        return found[0] if found else None


def _fetched(connection: Connection, text: str, values: Any) -> list[Any]:
    driver = connection.connection
    cursor = driver.cursor()
    try:
        cursor.execute(text, values)
        return list(cursor.fetchall())
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, cursor, text, error)
        raise
    finally:
        cursor.close()


def _raise(connection: Connection, cursor: Any, text: str, error: Any) -> None:
    """As SQLAlchemy does it: the error in its own hierarchy, without the values, and a broken connection not used again."""
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection, cursor)
    if broken:
        connection.invalidate(error)
    raise DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broken,
        dialect=dialect,
    ) from error
