"""The tables of the watch: what is looked at, incidents, changes, who is told, and the news."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations at run time

from sqlalchemy import BigInteger, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.names import Domain  # noqa: TC001 - as above
from bot.store.columns import AnyText, DomainName, Name, RowId, UtcDateTime, name_of
from bot.store.tables import OPEN, Base, Leased, index_leases, index_where


class WatchedRow(Leased, Base):
    """A domain that is looked at by itself, or the mail server, and what is known of it."""

    __tablename__ = "watched"
    __table_args__ = (
        Index(None, "due_at", "subject"),
        index_leases(),
        # Those that a member alone may want, or nobody.
        index_where(
            "ix_watched_not_hosted",
            "subject",
            where="NOT hosted AND NOT by_hand",
            sqlite="hosted = 0 AND by_hand = 0",
        ),
    )

    subject: Mapped[str] = mapped_column(Name, primary_key=True)
    hosted: Mapped[bool]
    by_hand: Mapped[bool]
    is_new: Mapped[bool]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # first listing without it
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: it is looked at no more
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(AnyText)  # JSON of the watch's judgement
    status: Mapped[str | None] = mapped_column(String(16))
    green: Mapped[bool]
    next: Mapped[str | None] = mapped_column(String(24))
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    known_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IncidentRow(Base):
    """A fault of a domain or of the mail server, from its second look until it is mended."""

    __tablename__ = "incident"
    __table_args__ = (
        # The database itself keeps a subject from having two open incidents of a check.
        Index(
            "uq_incident_open",
            "subject",
            "check",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    subject: Mapped[str] = mapped_column(Name, index=True)
    check: Mapped[str] = mapped_column(String(64))
    finding: Mapped[str] = mapped_column(AnyText)  # JSON
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    good_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    calm_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    relapses: Mapped[int] = mapped_column(Integer)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class DomainChangeRow(Base):
    """What one look at a domain saw that the one before had not."""

    __tablename__ = "domain_change"
    __table_args__ = (Index(None, "domain", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    domain: Mapped[Domain] = mapped_column(DomainName)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    changes: Mapped[str] = mapped_column(AnyText)  # JSON, as it was and as it is


class WatcherRow(Base):
    """A member who is told when a domain breaks and when it is right again."""

    __tablename__ = "watcher"

    domain: Mapped[Domain] = mapped_column(DomainName, primary_key=True)
    member_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AwaitedRow(Base):
    """What a member waits for: a step of a domain's plan, or all of it."""

    __tablename__ = "awaited"
    __table_args__ = (
        Index(
            "uq_awaited_open",
            "domain",
            "member_id",
            "goal",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    domain: Mapped[Domain] = mapped_column(DomainName)
    member_id: Mapped[int] = mapped_column(BigInteger, index=True)
    goal: Mapped[str] = mapped_column(String(24))
    confidential: Mapped[bool]
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    seen: Mapped[str] = mapped_column(String(64))
    end: Mapped[str | None] = mapped_column(String(16))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class WatchNewsRow(Leased, Base):
    """A message of the watch to be delivered, or that was."""

    __tablename__ = "watch_news"
    __table_args__ = (
        index_where("ix_watch_news_open", "due_at", "id", where="ended_at IS NULL"),
        index_leases(),
        Index(None, "target", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(name_of(320), unique=True)  # so that nothing is told twice
    what: Mapped[str] = mapped_column(String(16))
    target: Mapped[int] = mapped_column(BigInteger)  # 0: the admin channel
    facts: Mapped[str] = mapped_column(AnyText)  # JSON
    nonce: Mapped[str] = mapped_column(String(25), unique=True)
    version: Mapped[int] = mapped_column(Integer)  # grows where what was sent is to be drawn anew
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(AnyText)
    # Of `NewsKind.INCIDENTS` whose incidents they are, of `ROTATION` which rotation it is.
    subject: Mapped[str | None] = mapped_column(Name, index=True)
