"""Categories in other languages"""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.add_column(sa.Column("words", forum.kernel.db.Json(), server_default="{}", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.drop_column("words")
