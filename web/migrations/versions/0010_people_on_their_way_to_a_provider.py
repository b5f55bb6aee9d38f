"""People on their way to an identity provider and back"""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("next", sa.String(length=1024), nullable=False),
        sa.Column("carried", sa.Text(), nullable=False),
        sa.Column("claims", forum.kernel.db.Json(), nullable=True),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("expires_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("called_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("settled_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["identity_provider.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("state_hash"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("arrival") as batch_op:
        batch_op.create_index("ix_arrival_browser", ["browser_hash", "provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrival_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrival_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrival_provider_id"), ["provider_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("arrival") as batch_op:
        batch_op.drop_index(batch_op.f("ix_arrival_provider_id"))
        batch_op.drop_index(batch_op.f("ix_arrival_member_id"))
        batch_op.drop_index(batch_op.f("ix_arrival_expires_at"))
        batch_op.drop_index("ix_arrival_browser")

    op.drop_table("arrival")
