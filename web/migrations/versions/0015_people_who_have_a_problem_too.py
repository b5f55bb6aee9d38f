"""People who have the problem that a question asks about, counted on its thread."""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "me_too",
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("thread_id", "member_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("me_too", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_me_too_member_id"), ["member_id"], unique=False)

    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.add_column(sa.Column("me_too_count", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.drop_column("me_too_count")

    with op.batch_alter_table("me_too", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_me_too_member_id"))

    op.drop_table("me_too")
