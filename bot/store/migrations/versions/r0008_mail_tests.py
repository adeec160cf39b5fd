"""Test mails of members, and the mails that were sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is an INTEGER, which holds 64 bits there.
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.create_table(
        "mail_test",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.String(253), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("validity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("in_spam", sa.Boolean(), nullable=False),
        sa.Column("from_domain", sa.String(253), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("fault", sa.String(length=32), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nonce", sa.String(length=25), nullable=False),
        sa.Column("news_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_test")),
        sa.UniqueConstraint("digest", name=op.f("uq_mail_test_digest")),
        sa.UniqueConstraint("nonce", name=op.f("uq_mail_test_nonce")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mail_test_from_domain"), "mail_test", ["from_domain"])
    op.create_index(op.f("ix_mail_test_made_at"), "mail_test", ["made_at"])
    op.create_index(op.f("ix_mail_test_member_id"), "mail_test", ["member_id"])
    op.create_index(op.f("ix_mail_test_state"), "mail_test", ["state"])
    op.create_index(op.f("ix_mail_test_told_at_due_at"), "mail_test", ["told_at", "due_at"])
    op.create_table(
        "sent_mail",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("arrived", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_mail")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sent_mail_domain"), "sent_mail", ["domain"])
    op.create_index(op.f("ix_sent_mail_made_at"), "sent_mail", ["made_at"])
    op.create_index(op.f("ix_sent_mail_member_id"), "sent_mail", ["member_id"])


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_index(op.f("ix_sent_mail_member_id"), "sent_mail")
    op.drop_index(op.f("ix_sent_mail_made_at"), "sent_mail")
    op.drop_index(op.f("ix_sent_mail_domain"), "sent_mail")
    op.drop_table("sent_mail")
    op.drop_index(op.f("ix_mail_test_told_at_due_at"), "mail_test")
    op.drop_index(op.f("ix_mail_test_state"), "mail_test")
    op.drop_index(op.f("ix_mail_test_member_id"), "mail_test")
    op.drop_index(op.f("ix_mail_test_made_at"), "mail_test")
    op.drop_index(op.f("ix_mail_test_from_domain"), "mail_test")
    op.drop_table("mail_test")
