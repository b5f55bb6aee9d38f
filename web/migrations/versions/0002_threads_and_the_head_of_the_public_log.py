"""Threads and the head of the public log"""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "slug", sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("icon", sa.String(length=30), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kinds", forum.kernel.db.Json(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("openers", sa.Integer(), nullable=False),
        sa.Column("several_solutions", sa.Boolean(), nullable=False),
        sa.Column("peers_first_hours", sa.Integer(), nullable=False),
        sa.Column("thread_count", sa.Integer(), nullable=False),
        sa.Column("open_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("reason_code", sa.String(length=30), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("automated", sa.Boolean(), nullable=False),
        sa.Column("target_kind", sa.String(length=20), nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("about_number", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_about", ["about_number"], unique=False)
        batch_op.create_index("ix_decision_at", ["at", "id"], unique=False)

    op.create_table(
        "decision_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name="one_head"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=False,
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("description_html", sa.Text(), nullable=False),
        sa.Column("thread_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "thread",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("last_activity_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("post_count", sa.Integer(), nullable=False),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("solved_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("official_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("is_critical", sa.Boolean(), nullable=False),
        sa.Column("closed_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("closed_reason", sa.String(length=200), nullable=False),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_before_import", sa.Boolean(), nullable=False),
        sa.Column("duplicate_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("hidden_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("hidden_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("hidden_at IS NULL OR hidden_by IS NOT NULL", name="hidden_only_by_decision"),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["category.id"],
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"],
            ["decision.id"],
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of_id"],
            ["thread.id"],
        ),
        sa.ForeignKeyConstraint(
            ["hidden_by"],
            ["decision.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.create_index("ix_thread_author", ["author_id", "id"], unique=False)
        batch_op.create_index("ix_thread_category_latest", ["category_id", "last_activity_at", "id"], unique=False)
        batch_op.create_index("ix_thread_kind_latest", ["kind", "last_activity_at", "id"], unique=False)
        batch_op.create_index("ix_thread_latest", ["last_activity_at", "id"], unique=False)
        batch_op.create_index("ix_thread_top", ["score", "id"], unique=False)
        batch_op.create_index(
            "ix_thread_unanswered",
            ["created_at", "id"],
            unique=False,
            sqlite_where=sa.text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL"),
            postgresql_where=sa.text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL"),
        )

    op.create_table(
        "post",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("renderer", sa.Integer(), nullable=False),
        sa.Column("is_comment", sa.Boolean(), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("edited_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("is_company", sa.Boolean(), nullable=False),
        sa.Column("badge_team", sa.String(length=60), nullable=False),
        sa.Column("badge_title", sa.String(length=80), nullable=False),
        sa.Column("is_statement", sa.Boolean(), nullable=False),
        sa.Column("up", sa.Integer(), nullable=False),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.Column("staff_up", sa.Integer(), nullable=False),
        sa.Column("staff_down", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Double(), nullable=False),
        sa.Column("accepted_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("official_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("deleted_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("hidden_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("hidden_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("hidden_at IS NULL OR hidden_by IS NOT NULL", name="hidden_only_by_decision"),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["hidden_by"],
            ["decision.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("thread_id", "number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.create_index("ix_post_author", ["author_id", "id"], unique=False)
        batch_op.create_index("ix_post_best", ["thread_id", "is_comment", "rank", "id"], unique=False)
        batch_op.create_index(
            "ix_post_parent",
            ["parent_id"],
            unique=False,
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )

    op.create_table(
        "subscription",
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", forum.kernel.db.UtcTime(), nullable=False),
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
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_member_id"), ["member_id"], unique=False)

    op.create_table(
        "thread_link",
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("related_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["related_id"],
            ["thread.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("thread_id", "related_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "thread_tag",
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"],
            ["tag.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("thread_id", "tag_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("thread_tag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thread_tag_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "acceptance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("as_role", sa.String(length=20), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("withdrawn_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("withdrawn_as", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.create_index("ix_acceptance_thread", ["thread_id"], unique=False)
        batch_op.create_index(
            "ux_acceptance_open",
            ["post_id"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "attribution",
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("author_name", sa.String(length=120), nullable=False),
        sa.Column("author_url", sa.String(length=500), nullable=False),
        sa.Column("licence", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "imported_votes",
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("up", sa.Integer(), nullable=False),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id", "day"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "official_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("team", sa.String(length=60), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("withdrawn_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["by_member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("official_mark", schema=None) as batch_op:
        batch_op.create_index(
            "ux_official_open",
            ["thread_id"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=True),
        sa.Column("tags", forum.kernel.db.Json(), nullable=True),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_role", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.String(length=300), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("post_id", "number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vote",
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("by_staff", sa.Boolean(), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.PrimaryKeyConstraint("post_id", "member_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vote_member_id"), ["member_id"], unique=False)

    # the row that numbers the log; every entry locks it
    op.bulk_insert(
        sa.table(
            "decision_head",
            sa.column("id", sa.Integer),
            sa.column("number", sa.Integer),
            sa.column("hash", sa.LargeBinary),
        ),
        [{"id": 1, "number": 0, "hash": bytes(32)}],
    )


def downgrade() -> None:
    with op.batch_alter_table("vote", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vote_member_id"))

    op.drop_table("vote")
    op.drop_table("revision")
    with op.batch_alter_table("official_mark", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_official_open",
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.drop_table("official_mark")
    op.drop_table("imported_votes")
    op.drop_table("attribution")
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_acceptance_open",
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
        batch_op.drop_index("ix_acceptance_thread")

    op.drop_table("acceptance")
    with op.batch_alter_table("thread_tag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thread_tag_tag_id"))

    op.drop_table("thread_tag")
    op.drop_table("thread_link")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscription_member_id"))

    op.drop_table("subscription")
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_post_parent",
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_post_best")
        batch_op.drop_index("ix_post_author")

    op.drop_table("post")
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_thread_unanswered",
            sqlite_where=sa.text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL"),
            postgresql_where=sa.text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL"),
        )
        batch_op.drop_index("ix_thread_top")
        batch_op.drop_index("ix_thread_latest")
        batch_op.drop_index("ix_thread_kind_latest")
        batch_op.drop_index("ix_thread_category_latest")
        batch_op.drop_index("ix_thread_author")

    op.drop_table("thread")
    op.drop_table("tag")
    op.drop_table("decision_head")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_at")
        batch_op.drop_index("ix_decision_about")

    op.drop_table("decision")
    op.drop_table("category")
