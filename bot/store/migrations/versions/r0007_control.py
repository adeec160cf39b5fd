"""The secret behind the texts that show control of a domain, and who has shown it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.create_table(
        "control_secret",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_secret")),
    )
    op.create_table(
        "control_proof",
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", "member_id", name=op.f("pk_control_proof")),
    )
    op.create_index(op.f("ix_control_proof_member_id"), "control_proof", ["member_id"])


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_index(op.f("ix_control_proof_member_id"), "control_proof")
    op.drop_table("control_proof")
    op.drop_table("control_secret")
