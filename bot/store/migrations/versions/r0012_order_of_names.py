"""Names of domains in the same order everywhere, whatever language a PostgreSQL database is in."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# All of them at once, as names of one order are not to be compared with those of another.
_NAMES: Final = (
    ("approved_stage", "domain", 253),
    ("awaited", "domain", 253),
    ("control_proof", "domain", 253),
    ("domain_change", "domain", 253),
    ("incident", "subject", 253),
    ("known_key", "domain", 253),
    ("mail_test", "domain", 253),
    ("mail_test", "from_domain", 253),
    ("recent_domain", "domain", 253),
    ("request", "domain", 253),
    ("sent_mail", "domain", 253),
    ("stored_check", "domain", 253),
    ("watch_news", "key", 320),
    ("watch_news", "subject", 253),
    ("watched", "subject", 253),
    ("watcher", "domain", 253),
)


def upgrade() -> None:
    """Brings the schema one step forward; SQLite has that order already."""
    _sort_by("C")


def downgrade() -> None:
    """Takes the schema one step back."""
    _sort_by("default")


def _sort_by(collation: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column, length in _NAMES:
            op.alter_column(table, column, type_=sa.String(length, collation=collation))
