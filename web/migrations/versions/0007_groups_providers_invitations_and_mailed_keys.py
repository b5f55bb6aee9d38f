"""Groups providers invitations and mailed keys"""

import sqlalchemy as sa
from alembic import op

import forum.kernel.db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "identity_provider",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "slug", sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("group_claim", sa.String(length=60), nullable=False),
        sa.Column("staff_group", sa.String(length=120), nullable=False),
        sa.Column("opens_accounts", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("is_from_environment", sa.Boolean(), nullable=False),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "category_group",
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("may_open", sa.Boolean(), nullable=False),
        sa.Column("may_reply", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["category.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["member_group.id"],
        ),
        sa.PrimaryKeyConstraint("category_id", "group_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("category_group", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_category_group_group_id"), ["group_id"], unique=False)

    op.create_table(
        "category_moderator",
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", forum.kernel.db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["category.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("category_id", "member_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("category_moderator", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_category_moderator_member_id"), ["member_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("at", forum.kernel.db.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_member", ["member_id", "purpose", "id"], unique=False)

    op.create_table(
        "identity",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("linked_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("last_used_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["identity_provider.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("issuer", "subject"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("by_member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("expires_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("revoked_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["by_member_id"],
            ["member.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["member_group.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mail_delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("values", forum.kernel.db.Json(), nullable=False),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("not_before", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", forum.kernel.db.UtcTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("settled_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mail_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mail_delivery_due",
            ["not_before", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )
        batch_op.create_index(batch_op.f("ix_mail_delivery_member_id"), ["member_id"], unique=False)

    op.create_table(
        "mailed_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("expires_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("used_at", forum.kernel.db.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mailed_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailed_token_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_mailed_token_member_id"), ["member_id"], unique=False)

    op.create_table(
        "site_setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", forum.kernel.db.Json(), nullable=False),
        sa.Column("changed_at", forum.kernel.db.UtcTime(), nullable=False),
        sa.Column("changed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"],
            ["member.id"],
        ),
        sa.PrimaryKeyConstraint("name"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("affiliation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=12), server_default="staff", nullable=False))

    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.add_column(sa.Column("repliers", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("group_member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=40), server_default="manual", nullable=False))

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("time_zone", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("avatar", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("is_unlisted", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("hides_activity", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("silenced_until", forum.kernel.db.UtcTime(), nullable=True))
        batch_op.add_column(sa.Column("deactivated_at", forum.kernel.db.UtcTime(), nullable=True))

    with op.batch_alter_table("member_group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=16), server_default="manual", nullable=False))
        batch_op.add_column(sa.Column("claim", sa.String(length=120), server_default="", nullable=False))
        batch_op.add_column(sa.Column("level", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("description", sa.String(length=300), server_default="", nullable=False))


def downgrade() -> None:

    with op.batch_alter_table("member_group", schema=None) as batch_op:
        batch_op.drop_column("description")
        batch_op.drop_column("level")
        batch_op.drop_column("claim")
        batch_op.drop_column("kind")

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_column("deactivated_at")
        batch_op.drop_column("silenced_until")
        batch_op.drop_column("hides_activity")
        batch_op.drop_column("is_unlisted")
        batch_op.drop_column("avatar")
        batch_op.drop_column("time_zone")

    with op.batch_alter_table("group_member", schema=None) as batch_op:
        batch_op.drop_column("source")

    with op.batch_alter_table("category", schema=None) as batch_op:
        batch_op.drop_column("repliers")

    with op.batch_alter_table("affiliation", schema=None) as batch_op:
        batch_op.drop_column("kind")

    op.drop_table("site_setting")
    with op.batch_alter_table("mailed_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailed_token_member_id"))
        batch_op.drop_index(batch_op.f("ix_mailed_token_expires_at"))

    op.drop_table("mailed_token")
    with op.batch_alter_table("mail_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mail_delivery_member_id"))
        batch_op.drop_index(
            "ix_mail_delivery_due",
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )

    op.drop_table("mail_delivery")
    op.drop_table("invitation")
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_provider_id"))
        batch_op.drop_index(batch_op.f("ix_identity_member_id"))

    op.drop_table("identity")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_member")

    op.drop_table("consent")
    with op.batch_alter_table("category_moderator", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_category_moderator_member_id"))

    op.drop_table("category_moderator")
    with op.batch_alter_table("category_group", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_category_group_group_id"))

    op.drop_table("category_group")
    op.drop_table("identity_provider")
