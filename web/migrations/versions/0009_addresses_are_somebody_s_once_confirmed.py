"""Addresses are somebody's once they are confirmed: only confirmed ones are unique, and those known so far are confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_UNIQUE = "mail_address_address_key_key"  # PostgreSQL's own name; SQLite's has none, and gets it by the convention
_CONVENTION = {"uq": "%(table_name)s_%(column_0_name)s_key"}
_CONFIRMED = sa.text("verified_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table(
        "mail_address", naming_convention=_CONVENTION, table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.drop_constraint(_UNIQUE, type_="unique")
    op.execute(sa.text("UPDATE mail_address SET verified_at = created_at WHERE verified_at IS NULL"))
    op.create_index("ix_mail_address_address_key", "mail_address", ["address_key"])
    op.create_index(
        "ux_mail_address_verified",
        "mail_address",
        ["address_key"],
        unique=True,
        sqlite_where=_CONFIRMED,
        postgresql_where=_CONFIRMED,
    )
    op.add_column(
        "mail_delivery",
        sa.Column(
            "target",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
    )
    op.create_index("ix_mail_delivery_target", "mail_delivery", ["target", "id"])


def downgrade() -> None:
    op.drop_index("ix_mail_delivery_target", "mail_delivery")
    op.drop_column("mail_delivery", "target")
    op.drop_index("ux_mail_address_verified", "mail_address")
    op.drop_index("ix_mail_address_address_key", "mail_address")
    # before, an address belonged to whoever named it first; a confirmed one wins
    op.execute(
        sa.text(
            "DELETE FROM mail_address WHERE verified_at IS NULL AND EXISTS (SELECT 1 FROM mail_address AS other"
            " WHERE other.address_key = mail_address.address_key AND other.id <> mail_address.id"
            " AND (other.verified_at IS NOT NULL OR other.id < mail_address.id))"
        )
    )
    with op.batch_alter_table("mail_address", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_unique_constraint(_UNIQUE, ["address_key"])
