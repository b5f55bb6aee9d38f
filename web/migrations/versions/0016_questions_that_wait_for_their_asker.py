"""Questions that wait for their asker, and are on no list of those without an answer meanwhile."""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BEFORE = sa.text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL")
AFTER = sa.text(f"{BEFORE.text} AND needs_info_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.add_column(sa.Column("needs_info_at", forum.kernel.db.UtcTime(), nullable=True))
    _listed(AFTER)


def downgrade() -> None:
    _listed(BEFORE)
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.drop_column("needs_info_at")


def _listed(where: sa.TextClause) -> None:
    op.drop_index("ix_thread_unanswered", "thread")
    op.create_index(
        "ix_thread_unanswered",
        "thread",
        ["kind", "created_at", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
