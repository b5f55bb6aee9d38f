"""What Alembic runs: each migration in a transaction of its own, on the connection that `web.migrations` opened."""

from alembic import context
from sqlalchemy import Connection

from web.tables import METADATA

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
