"""The tables of the rotations of DKIM keys, and what was done to each."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations at run time

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.names import Domain  # noqa: TC001 - as above
from bot.store.columns import AnyText, DomainName, RowId, UtcDateTime
from bot.store.tables import OPEN, Base, Leased, index_leases


class RotationRow(Leased, Base):
    """The rotation of a domain's DKIM key; rows stay, as no selector is ever used twice."""

    __tablename__ = "rotation"
    __table_args__ = (
        # The database itself keeps a domain from having two open rotations.
        Index(
            "uq_rotation_open",
            "domain",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        UniqueConstraint("domain", "selector"),
        Index(None, "due_at", "id"),  # there is no time where nothing is left to do
        index_leases(),
        # Buttons carry the id.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    domain: Mapped[Domain] = mapped_column(DomainName)
    state: Mapped[str] = mapped_column(String(16), index=True)
    version: Mapped[int] = mapped_column(Integer)
    old_selector: Mapped[str] = mapped_column(String(253))
    old_value: Mapped[str] = mapped_column(AnyText)
    old_source: Mapped[str] = mapped_column(String(16))
    selector: Mapped[str] = mapped_column(String(253))
    value: Mapped[str] = mapped_column(AnyText)
    bits: Mapped[int] = mapped_column(Integer)
    by_hand: Mapped[bool]
    step: Mapped[str | None] = mapped_column(String(16))
    opened_by: Mapped[int | None] = mapped_column(BigInteger, index=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(AnyText)
    servers: Mapped[str] = mapped_column(AnyText)
    live_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    caches_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    switched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RotationEntryRow(Base):
    """One thing that was done to a rotation; only a member's id is ever changed."""

    __tablename__ = "rotation_entry"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotation.id"), index=True)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(AnyText)
