"""What Alembic runs: each migration in a transaction of its own, on the connection that `web.migrations` opened."""

from alembic import context
from sqlalchemy import Connection

from web.migrations import full_text
from web.tables import METADATA

connection: Connection = context.config.attributes["connection"]
only: set[str] | None = context.config.attributes.get("only")


def _is_wanted(name: str | None, kind: str, parents: object) -> bool:
    """All tables, unless whoever starts Alembic names some."""
    return full_text.is_mapped(name, kind, parents) and (only is None or kind != "table" or name in only)


context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
    compare_type=True,
    include_name=_is_wanted,
    include_object=lambda _object, name, kind, _reflected, _compared: _is_wanted(name, kind, None),
)
with context.begin_transaction():
    context.run_migrations()
