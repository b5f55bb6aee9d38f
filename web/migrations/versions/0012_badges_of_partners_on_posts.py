"""Badges of partners, resellers and contractors on posts; badges on versions"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post", sa.Column("badge_kind", sa.String(length=12), server_default="", nullable=False))
    op.add_column("post", sa.Column("badge_is_confirmed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("revision", sa.Column("is_company", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("revision", sa.Column("badge_team", sa.String(length=60), server_default="", nullable=False))
    op.add_column("revision", sa.Column("badge_title", sa.String(length=80), server_default="", nullable=False))
    op.add_column("revision", sa.Column("badge_kind", sa.String(length=12), server_default="", nullable=False))
    op.add_column("revision", sa.Column("badge_is_confirmed", sa.Boolean(), server_default=sa.false(), nullable=False))
    _tell_of_the_company()


def _tell_of_the_company() -> None:
    """The author's versions bear the badge of the post; of what others of the company wrote only that is known."""
    post, version = sa.table("post", *_columns("id")), sa.table("revision", *_columns("post_id", "as_role"))
    of_post = post.c.id == version.c.post_id
    by_author = sa.exists().where(of_post, post.c.is_company).correlate(version)
    team, title = (sa.select(post.c[name]).where(of_post).scalar_subquery() for name in ("badge_team", "badge_title"))
    op.execute(
        version.update()
        .where(version.c.as_role == "author", by_author)
        .values(is_company=sa.true(), badge_team=team, badge_title=title)
    )
    op.execute(version.update().where(version.c.as_role == "staff").values(is_company=sa.true()))


def _columns(*names: str) -> list[sa.ColumnClause[object]]:
    return [
        *(sa.column(name) for name in names),
        sa.column("is_company", sa.Boolean()),
        sa.column("badge_team"),
        sa.column("badge_title"),
    ]


def downgrade() -> None:
    for table, names in (
        ("revision", ("badge_is_confirmed", "badge_kind", "badge_title", "badge_team", "is_company")),
        ("post", ("badge_is_confirmed", "badge_kind")),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in names:
                batch_op.drop_column(name)
