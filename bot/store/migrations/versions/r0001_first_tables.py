"""The first tables: command fingerprints, recent domains, known keys, stored checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.create_table(
        "command_fingerprint",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(128), nullable=False),
        sa.Column("command_ids", sa.JSON(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_command_fingerprint"),
    )
    op.create_table(
        "recent_domain",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "domain", name="pk_recent_domain"),
    )
    op.create_index(
        "ix_recent_domain_member_id_asked_at", "recent_domain", ["member_id", "asked_at"]
    )
    op.create_table(
        "known_key",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("selector", sa.String(253), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_known_key"),
    )
    op.create_index("ix_known_key_domain_superseded_at", "known_key", ["domain", "superseded_at"])
    op.create_index(
        "uq_known_key_current",
        "known_key",
        ["domain"],
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
    op.create_table(
        "stored_check",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("schema", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stored_check"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stored_check_checked_at", "stored_check", ["checked_at"])


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_table("stored_check")
    op.drop_table("known_key")
    op.drop_table("recent_domain")
    op.drop_table("command_fingerprint")
