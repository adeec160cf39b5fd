"""Indexes by which what runs often finds its rows among many, and two columns for the same.

They are built in the transaction of the migration: of a million rows in some seconds, in which
nobody else writes to the table.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LEASED: Final = "lease_until IS NOT NULL"
# Name, table, columns, of which rows (all where there is none), and the same in SQLite's words.
_NEW: Final[tuple[tuple[str, str, list[str], str | None, str | None], ...]] = (
    ("ix_awaited_ended_at", "awaited", ["ended_at"], None, None),
    ("ix_control_proof_since", "control_proof", ["since"], None, None),
    ("ix_mail_test_in_mailbox", "mail_test", ["id"], "folder IS NOT NULL", None),
    ("ix_mail_test_lease_until", "mail_test", ["lease_until"], _LEASED, None),
    ("ix_mail_test_untold", "mail_test", ["due_at", "id"], "told_at IS NULL", None),
    ("ix_outbox_lease_until", "outbox", ["lease_until"], _LEASED, None),
    ("ix_outbox_open", "outbox", ["due_at", "id"], "ended_at IS NULL", None),
    ("ix_recent_domain_asked_at", "recent_domain", ["asked_at"], None, None),
    ("ix_request_decided_by", "request", ["decided_by"], None, None),
    ("ix_request_due_at_id", "request", ["due_at", "id"], None, None),
    ("ix_request_lease_until", "request", ["lease_until"], _LEASED, None),
    ("ix_request_state", "request", ["state"], None, None),
    ("ix_request_uncleared", "request", ["closed_at"], "NOT cleared", "cleared = 0"),
    (
        "ix_stored_check_member_id_domain_id_checked_at",
        "stored_check",
        ["member_id", "domain", "id", "checked_at"],
        None,
        None,
    ),
    ("ix_stored_check_member_id_id", "stored_check", ["member_id", "id"], None, None),
    ("ix_watch_news_ended_at", "watch_news", ["ended_at"], None, None),
    ("ix_watch_news_lease_until", "watch_news", ["lease_until"], _LEASED, None),
    ("ix_watch_news_open", "watch_news", ["due_at", "id"], "ended_at IS NULL", None),
    ("ix_watch_news_subject", "watch_news", ["subject"], None, None),
    ("ix_watch_news_target_created_at", "watch_news", ["target", "created_at"], None, None),
    ("ix_watched_due_at_subject", "watched", ["due_at", "subject"], None, None),
    ("ix_watched_lease_until", "watched", ["lease_until"], _LEASED, None),
    (
        "ix_watched_not_hosted",
        "watched",
        ["subject"],
        "NOT hosted AND NOT by_hand",
        "hosted = 0 AND by_hand = 0",
    ),
)
# Name, table and columns of those whose place they take.
_OLD: Final = (
    ("ix_awaited_due_at", "awaited", ["due_at"]),
    ("ix_mail_test_told_at_due_at", "mail_test", ["told_at", "due_at"]),
    ("ix_outbox_ended_at_due_at", "outbox", ["ended_at", "due_at"]),
    ("ix_request_due_at", "request", ["due_at"]),
    ("ix_stored_check_member_id_domain", "stored_check", ["member_id", "domain"]),
    ("ix_watch_news_created_at", "watch_news", ["created_at"]),
    ("ix_watch_news_ended_at_due_at", "watch_news", ["ended_at", "due_at"]),
    ("ix_watch_news_target", "watch_news", ["target"]),
    ("ix_watched_due_at_lease_until", "watched", ["due_at", "lease_until"]),
)
# News of incidents are known by `incidents:SUBJECT:TARGET:NUMBER`.
_SUBJECTS: Final = {
    "postgresql": "split_part(key, ':', 2)",
    "sqlite": "substr(key, 11, instr(substr(key, 11), ':') - 1)",
}
# Such are those from which what is personal was removed, and nothing can have come to them since.
_CLEARED: Final = sa.text(
    "UPDATE request SET cleared = :yes WHERE closed_at IS NOT NULL AND member_id < 0 "
    "AND reason = '' AND evidence = '' "
    "AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.request_id = request.id)"
).bindparams(sa.bindparam("yes", value=True, type_=sa.Boolean()))


def upgrade() -> None:
    """Brings the schema one step forward."""
    for name, table, _ in _OLD:
        op.drop_index(name, table)
    op.add_column(
        "request", sa.Column("cleared", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(_CLEARED)
    op.add_column("watch_news", sa.Column("subject", sa.String(253), nullable=True))
    subject = _SUBJECTS[op.get_bind().dialect.name]
    op.execute(f"UPDATE watch_news SET subject = {subject} WHERE what = 'incidents'")  # noqa: S608 - one of two texts above
    for name, table, columns, where, sqlite in _NEW:
        op.create_index(
            name,
            table,
            columns,
            postgresql_where=None if where is None else sa.text(where),
            sqlite_where=None if where is None else sa.text(sqlite or where),
        )


def downgrade() -> None:
    """Takes the schema one step back."""
    for name, table, *_ in _NEW:
        op.drop_index(name, table)
    op.drop_column("watch_news", "subject")
    op.drop_column("request", "cleared")
    for name, table, columns in _OLD:
        op.create_index(name, table, columns)
