"""Figures of the week"""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_figures",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", forum.kernel.db.Json(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_acceptance_at", "acceptance", ["at"])


def downgrade() -> None:
    op.drop_index("ix_acceptance_at", "acceptance")
    op.drop_table("kept_figures")
