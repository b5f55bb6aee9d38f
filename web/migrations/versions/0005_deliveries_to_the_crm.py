"""Deliveries to the crm"""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crm_connection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("connector", sa.String(length=30), nullable=False),
        sa.Column("installation", sa.String(length=60), nullable=False),
        sa.Column("config", forum.kernel.db.Json(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("why", forum.kernel.db.Json(), nullable=True),
        sa.Column("paused_until", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("breaker_until", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("budget", sa.Integer(), nullable=True),
        sa.Column("budget_left", sa.Integer(), nullable=False),
        sa.Column("budget_since", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("last_success_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "crm_delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("local_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("called_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("tried_since", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("as_of", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("why", forum.kernel.db.Json(), nullable=True),
        sa.Column("receipt", forum.kernel.db.Json(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("not_before", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("settled_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["crm_connection.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("crm_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_crm_delivery_due",
            ["connection_id", "not_before", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'unsure')"),
            postgresql_where=sa.text("state IN ('waiting', 'unsure')"),
        )
        batch_op.create_index("ix_crm_delivery_newest", ["state", "id"], unique=False)
        batch_op.create_index("ix_crm_delivery_settled", ["connection_id", "settled_at"], unique=False)
        batch_op.create_index("ix_crm_delivery_state", ["connection_id", "state", "id"], unique=False)
        batch_op.create_index("ix_crm_delivery_subject", ["connection_id", "kind", "local_id", "id"], unique=False)
        batch_op.create_index(
            "uq_crm_delivery_running",
            ["connection_id", "kind", "local_id"],
            unique=True,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )

    op.create_table(
        "crm_remote_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("local_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remote_id", sa.String(length=255), nullable=True),
        sa.Column("version", sa.String(length=255), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("unsure_since", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("updated_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["crm_connection.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "kind", "local_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "crm_delivery_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("note", forum.kernel.db.Json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["crm_delivery.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("crm_delivery_step", schema=None) as batch_op:
        batch_op.create_index("ix_crm_delivery_step", ["delivery_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("crm_delivery_step", schema=None) as batch_op:
        batch_op.drop_index("ix_crm_delivery_step")

    op.drop_table("crm_delivery_step")
    op.drop_table("crm_remote_link")
    with op.batch_alter_table("crm_delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_crm_delivery_running",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.drop_index("ix_crm_delivery_subject")
        batch_op.drop_index("ix_crm_delivery_state")
        batch_op.drop_index("ix_crm_delivery_settled")
        batch_op.drop_index("ix_crm_delivery_newest")
        batch_op.drop_index(
            "ix_crm_delivery_due",
            sqlite_where=sa.text("state IN ('waiting', 'unsure')"),
            postgresql_where=sa.text("state IN ('waiting', 'unsure')"),
        )

    op.drop_table("crm_delivery")
    op.drop_table("crm_connection")
