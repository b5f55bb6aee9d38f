"""Lists of threads as index ranges"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNANSWERED = sa.text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL")
CLOSED = sa.text("closed_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_thread_unanswered", "thread")
    op.create_index(
        "ix_thread_unanswered",
        "thread",
        ["kind", "created_at", "id"],
        sqlite_where=UNANSWERED,
        postgresql_where=UNANSWERED,
    )
    op.create_index("ix_thread_category_newest", "thread", ["category_id", "created_at", "id"])
    op.create_index("ix_thread_category_top", "thread", ["category_id", "score", "id"])
    op.create_index(
        "ix_thread_closed", "thread", ["last_activity_at", "id"], sqlite_where=CLOSED, postgresql_where=CLOSED
    )
    op.create_index("ix_thread_newest", "thread", ["created_at", "id"])


def downgrade() -> None:
    for name in ("newest", "closed", "category_top", "category_newest", "unanswered"):
        op.drop_index(f"ix_thread_{name}", "thread")
    op.create_index(
        "ix_thread_unanswered",
        "thread",
        ["created_at", "id"],
        sqlite_where=UNANSWERED,
        postgresql_where=UNANSWERED,
    )
