"""The DNS provider whose words a member chose for a domain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.add_column("recent_domain", sa.Column("provider", sa.String(32), nullable=True))


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_column("recent_domain", "provider")
