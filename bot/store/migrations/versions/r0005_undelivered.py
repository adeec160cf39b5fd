"""Why the latest news of a request did not reach its member."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.add_column("request", sa.Column("undelivered", sa.String(16), nullable=True))


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_column("request", "undelivered")
