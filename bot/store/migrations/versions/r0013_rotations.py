"""Rotations of DKIM keys, and what was done to each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is an INTEGER, which holds 64 bits there.
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.String(253).with_variant(sa.String(253, collation="C"), "postgresql")


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.create_table(
        "rotation",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("domain", _NAME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("old_selector", sa.String(length=253), nullable=False),
        sa.Column("old_value", sa.Text(), nullable=False),
        sa.Column("old_source", sa.String(length=16), nullable=False),
        sa.Column("selector", sa.String(length=253), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=True),
        sa.Column("opened_by", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("servers", sa.Text(), nullable=False),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("caches_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("switched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation")),
        sa.UniqueConstraint("domain", "selector", name=op.f("uq_rotation_domain_selector")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rotation_due_at_id"), "rotation", ["due_at", "id"])
    op.create_index(
        op.f("ix_rotation_lease_until"),
        "rotation",
        ["lease_until"],
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index(op.f("ix_rotation_opened_at"), "rotation", ["opened_at"])
    op.create_index(op.f("ix_rotation_opened_by"), "rotation", ["opened_by"])
    op.create_index(op.f("ix_rotation_state"), "rotation", ["state"])
    op.create_index(
        "uq_rotation_open",
        "rotation",
        ["domain"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )

    op.create_table(
        "rotation_entry",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotation_id", _ROW_ID, nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.String(length=16), nullable=True),
        sa.Column("after", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rotation_id"], ["rotation.id"], name=op.f("fk_rotation_entry_rotation_id_rotation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotation_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rotation_entry_actor_id"), "rotation_entry", ["actor_id"])
    op.create_index(op.f("ix_rotation_entry_rotation_id"), "rotation_entry", ["rotation_id"])


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_table("rotation_entry")

    op.drop_table("rotation")
