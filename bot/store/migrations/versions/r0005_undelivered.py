"""Why the latest news of a request did not reach its member."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Records that are waited for, and whose message was given up: nobody knows any more for what.
LOST = sa.text(
    "UPDATE request SET undelivered = 'given-up' "
    "WHERE state = 'waiting' AND member_id >= 0 AND message_id IS NULL AND EXISTS ("
    "SELECT 1 FROM outbox WHERE outbox.request_id = request.id "
    "AND outbox.what IN ('member-record', 'member-accepted') "
    "AND outbox.ended_at IS NOT NULL AND outbox.message_id IS NULL)"
)


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.add_column("request", sa.Column("undelivered", sa.String(16), nullable=True))
    op.execute(LOST)


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_column("request", "undelivered")
