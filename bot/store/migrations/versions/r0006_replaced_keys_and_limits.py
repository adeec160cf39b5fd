"""The key that a request handed out before another, and the limits of a new mail domain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the schema one step forward."""
    for name in ("replaced", "limits"):
        op.add_column("request", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Takes the schema one step back."""
    for name in ("limits", "replaced"):
        op.drop_column("request", name)
