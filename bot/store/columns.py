"""Column types that hold our own values the same way in every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, DateTime, Integer, String
from sqlalchemy.types import TypeDecorator

from bot.names import Domain

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

# SQLite numbers rows by itself only where the key is an INTEGER, which holds 64 bits there.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime; any zone goes in, UTC comes out, to the microsecond.

    Raises ValueError for a naive one, whose moment nobody knows.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC, for databases that drop the zone."""
        del dialect
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC, aware even where the database dropped the zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DomainName(TypeDecorator[Domain]):
    """A mail domain, stored in its ASCII form (at most 253 characters, RFC 1035 section 2.3.4)."""

    impl = String(253)
    cache_ok = True

    def process_bind_param(self, value: Domain | None, dialect: Dialect) -> str | None:
        """The ASCII form without a final dot."""
        del dialect
        return None if value is None else value.ascii

    def process_result_value(self, value: str | None, dialect: Dialect) -> Domain | None:
        """The domain again; raises ValueError where somebody else wrote the row."""
        del dialect
        return None if value is None else Domain.from_ascii(value)
