"""Whether a stored check holds what only the mail server knows, and whether it was shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.add_column(
        "stored_check",
        sa.Column("confidential", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.add_column("stored_check", sa.Column("shared", sa.Boolean(), nullable=True))
    op.create_index("ix_stored_check_member_id_domain", "stored_check", ["member_id", "domain"])


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_index("ix_stored_check_member_id_domain", "stored_check")
    op.drop_column("stored_check", "shared")
    op.drop_column("stored_check", "confidential")
