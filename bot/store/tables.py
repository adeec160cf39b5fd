"""The tables of the store as SQLAlchemy declares them; the migrations build the same.

Those of the watch are in `bot.store.watch_tables`.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations at run time
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.names import Domain  # noqa: TC001 - as above
from bot.store.columns import AnyText, DomainName, RowId, UtcDateTime

GLOBAL_SCOPE = 0  # Discord never gives this id to a guild
_CURRENT = text("superseded_at IS NULL")
OPEN = text("closed_at IS NULL")  # of a request, and of an incident


class Base(DeclarativeBase):
    """What all tables share: named constraints, so that migrations can change them later."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def index_where(name: str | None, *columns: str, where: str, sqlite: str = "") -> Index:
    """Return an index of the rows alone for which `where` holds; it is as small as they are few.

    A statement uses it that says the very same. `sqlite` says it for SQLite, where that has to be
    another text.
    """
    return Index(name, *columns, sqlite_where=text(sqlite or where), postgresql_where=text(where))


def index_leases() -> Index:
    """Return the index of the rows of a table that somebody has taken just now."""
    return index_where(None, "lease_until", where="lease_until IS NOT NULL")


class Leased:
    """What a row has that somebody takes to work on it alone (`bot.store.repositories.leases`)."""

    if TYPE_CHECKING:  # each table has the column at its place
        lease_until: Mapped[datetime | None]


class LeadershipRow(Base):
    """How the one ended that was at Discord last; one row, and none on SQLite.

    Only who holds the lock LEADER writes it (`bot.store.engine.server_leadership`).
    """

    __tablename__ = "leadership"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    term: Mapped[int] = mapped_column(BigInteger)  # one more for each that led
    has_left: Mapped[bool]  # it had left Discord before it gave back the lock
    note: Mapped[str] = mapped_column(AnyText)  # what it left for the one after it


class CommandFingerprintRow(Base):
    """Which commands Discord was last told of, for one guild or for all of Discord."""

    __tablename__ = "command_fingerprint"

    scope: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(128))
    command_ids: Mapped[dict[str, int]] = mapped_column(JSON)
    synced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecentDomainRow(Base):
    """A domain that a member asked for, and when they last did."""

    __tablename__ = "recent_domain"
    __table_args__ = (Index(None, "member_id", "asked_at"),)

    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    domain: Mapped[Domain] = mapped_column(DomainName, primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    provider: Mapped[str | None] = mapped_column(String(32))  # whose words the member chose


class KnownKeyRow(Base):
    """A DKIM key that the bot was told of; former ones stay, with the time they ended."""

    __tablename__ = "known_key"
    __table_args__ = (
        Index(None, "domain", "superseded_at"),
        # The database itself keeps a domain from having two current keys.
        Index(
            "uq_known_key_current",
            "domain",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    domain: Mapped[Domain] = mapped_column(DomainName)
    selector: Mapped[str] = mapped_column(String(253))
    value: Mapped[str] = mapped_column(AnyText)
    source: Mapped[str] = mapped_column(String(16))
    learned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StoredCheckRow(Base):
    """A report as it was shown, so that a card still answers after a restart."""

    __tablename__ = "stored_check"
    __table_args__ = (
        # With all that says which of a member's checks of a domain are the latest.
        Index(None, "member_id", "domain", "id", "checked_at"),
        Index(None, "member_id", "id"),
        # Cards carry the id: one that was purged must never come back as another domain's report.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    domain: Mapped[Domain] = mapped_column(DomainName)
    member_id: Mapped[int | None] = mapped_column(BigInteger)
    report: Mapped[str] = mapped_column(AnyText)
    schema: Mapped[int] = mapped_column(Integer)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # With what only the mail server and the admin know: for who asked alone.
    confidential: Mapped[bool] = mapped_column(server_default=true())
    # Whether a card that others see carries the id; not known of those from before version 0004.
    shared: Mapped[bool | None]


class RequestRow(Leased, Base):
    """What a member asked of the admin, and how far it has come."""

    __tablename__ = "request"
    __table_args__ = (
        # The database itself keeps a domain from having two open requests of a kind.
        Index(
            "uq_request_open",
            "kind",
            "domain",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index(None, "due_at", "id"),  # there is no time where nothing is left to do
        index_leases(),
        index_where("ix_request_uncleared", "closed_at", where="NOT cleared", sqlite="cleared = 0"),
        # Buttons carry the id.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    domain: Mapped[Domain] = mapped_column(DomainName, index=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    member_id: Mapped[int] = mapped_column(BigInteger, index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    decided_by: Mapped[int | None] = mapped_column(BigInteger, index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(AnyText)
    stage: Mapped[str | None] = mapped_column(String(16))
    by_hand: Mapped[bool]
    value: Mapped[str] = mapped_column(AnyText)
    selector: Mapped[str] = mapped_column(String(253))
    seen: Mapped[str] = mapped_column(String(64))
    evidence: Mapped[str] = mapped_column(AnyText)
    card_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    card_message_id: Mapped[int | None] = mapped_column(BigInteger)
    message_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    undelivered: Mapped[str | None] = mapped_column(String(16))
    replaced: Mapped[str | None] = mapped_column(AnyText)
    limits: Mapped[str | None] = mapped_column(AnyText)
    # Whether what is personal was removed from it, as it ended long ago.
    cleared: Mapped[bool] = mapped_column(server_default=false())


class AuditRow(Base):
    """One transition of a request; rows are added, and only a member's id is ever changed."""

    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(AnyText)


class OutboxRow(Leased, Base):
    """A message to be delivered, or that was."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("request_id", "version", "what"),
        index_where("ix_outbox_open", "due_at", "id", where="ended_at IS NULL"),
        index_leases(),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    version: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(16))
    nonce: Mapped[str] = mapped_column(String(25), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(AnyText)


class ApprovedStageRow(Base):
    """The DMARC policy that the admin approved for a domain last."""

    __tablename__ = "approved_stage"

    domain: Mapped[Domain] = mapped_column(DomainName, primary_key=True)
    stage: Mapped[str] = mapped_column(String(16))
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ControlSecretRow(Base):
    """The one secret behind the texts that show control of a domain; never shown or logged."""

    __tablename__ = "control_secret"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    value: Mapped[bytes] = mapped_column(LargeBinary)


class ControlProofRow(Base):
    """That a member has shown that they control a domain: how, and when they first did."""

    __tablename__ = "control_proof"

    domain: Mapped[Domain] = mapped_column(DomainName, primary_key=True)
    member_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )
    how: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class MailTestRow(Leased, Base):
    """A test mail that a member was given an address for, and what it came to."""

    __tablename__ = "mail_test"
    __table_args__ = (
        index_where("ix_mail_test_untold", "due_at", "id", where="told_at IS NULL"),
        index_where("ix_mail_test_in_mailbox", "id", where="folder IS NOT NULL"),
        index_leases(),
        # Cards carry the id, and the token's row must never be another's.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, index=True)
    domain: Mapped[Domain | None] = mapped_column(DomainName)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), index=True)
    # Where the mail lies; without a folder it is in the mailbox no more.
    folder: Mapped[str | None] = mapped_column(AnyText)
    validity: Mapped[int | None] = mapped_column(BigInteger)
    uid: Mapped[int | None] = mapped_column(BigInteger)
    in_spam: Mapped[bool]
    from_domain: Mapped[Domain | None] = mapped_column(DomainName, index=True)
    passed: Mapped[bool]
    verdict: Mapped[str] = mapped_column(AnyText)
    head: Mapped[str] = mapped_column(AnyText)
    fault: Mapped[str] = mapped_column(String(32))
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The news of it, as in the outbox; without a time there is none to tell.
    nonce: Mapped[str] = mapped_column(String(25), unique=True)
    news_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detail: Mapped[str] = mapped_column(AnyText)


class SentMailRow(Base):
    """A mail that was sent to a member, and whether they say that it arrived."""

    __tablename__ = "sent_mail"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, index=True)
    domain: Mapped[Domain] = mapped_column(DomainName, index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str] = mapped_column(String(16))
    arrived: Mapped[bool | None]
