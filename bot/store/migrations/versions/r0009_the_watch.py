"""The watch: what is looked at, incidents, history, who is told, and the messages to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is an INTEGER, which holds 64 bits there.
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Brings the schema one step forward."""
    op.create_table(
        "awaited",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("goal", sa.String(length=24), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.Column("end", sa.String(length=16), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_awaited_due_at"), "awaited", ["due_at"])
    op.create_index(op.f("ix_awaited_member_id"), "awaited", ["member_id"])
    op.create_index(
        "uq_awaited_open",
        "awaited",
        ["domain", "member_id", "goal"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "domain_change",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_domain_change_at"), "domain_change", ["at"])
    op.create_index(op.f("ix_domain_change_domain_at"), "domain_change", ["domain", "at"])
    op.create_table(
        "incident",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("subject", sa.String(length=253), nullable=False),
        sa.Column("check", sa.String(length=64), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calm_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relapses", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_incident_closed_at"), "incident", ["closed_at"])
    op.create_index(op.f("ix_incident_subject"), "incident", ["subject"])
    op.create_index(
        "uq_incident_open",
        "incident",
        ["subject", "check"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "watch_news",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=25), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_news")),
        sa.UniqueConstraint("key", name=op.f("uq_watch_news_key")),
        sa.UniqueConstraint("nonce", name=op.f("uq_watch_news_nonce")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_watch_news_created_at"), "watch_news", ["created_at"])
    op.create_index(op.f("ix_watch_news_ended_at_due_at"), "watch_news", ["ended_at", "due_at"])
    op.create_index(op.f("ix_watch_news_target"), "watch_news", ["target"])
    op.create_table(
        "watched",
        sa.Column("subject", sa.String(length=253), nullable=False),
        sa.Column("hosted", sa.Boolean(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("green", sa.Boolean(), nullable=False),
        sa.Column("next", sa.String(length=24), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_watched")),
    )
    op.create_index(op.f("ix_watched_due_at_lease_until"), "watched", ["due_at", "lease_until"])
    op.create_table(
        "watcher",
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("domain", "member_id", name=op.f("pk_watcher")),
    )
    op.create_index(op.f("ix_watcher_member_id"), "watcher", ["member_id"])


def downgrade() -> None:
    """Takes the schema one step back."""
    op.drop_index(op.f("ix_watcher_member_id"), "watcher")
    op.drop_table("watcher")
    op.drop_index(op.f("ix_watched_due_at_lease_until"), "watched")
    op.drop_table("watched")
    op.drop_index(op.f("ix_watch_news_target"), "watch_news")
    op.drop_index(op.f("ix_watch_news_ended_at_due_at"), "watch_news")
    op.drop_index(op.f("ix_watch_news_created_at"), "watch_news")
    op.drop_table("watch_news")
    op.drop_index(
        "uq_incident_open",
        "incident",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index(op.f("ix_incident_subject"), "incident")
    op.drop_index(op.f("ix_incident_closed_at"), "incident")
    op.drop_table("incident")
    op.drop_index(op.f("ix_domain_change_domain_at"), "domain_change")
    op.drop_index(op.f("ix_domain_change_at"), "domain_change")
    op.drop_table("domain_change")
    op.drop_index(
        "uq_awaited_open",
        "awaited",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_awaited_member_id"), "awaited")
    op.drop_index(op.f("ix_awaited_due_at"), "awaited")
    op.drop_table("awaited")
