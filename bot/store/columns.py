"""Column types that hold our own values the same way in every database."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, DateTime, Integer, String, Text
from sqlalchemy.types import TypeDecorator

from bot.names import Domain

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

# SQLite numbers rows by itself only where the key is an INTEGER, which holds 64 bits there.
RowId = BigInteger().with_variant(Integer(), "sqlite")


def name_of(length: int) -> String:
    """The type of names of so many characters, which every database sorts as Python does.

    On PostgreSQL others may look at letters first and at the dots and hyphens between them last.
    """
    return String(length).with_variant(String(length, collation="C"), "postgresql")


Name = name_of(253)

_LEAD = "\ufdd0"  # a noncharacter, which no text is to have (Unicode, section 23.7)
_UNKEPT = re.compile(f"[\0{_LEAD}\ud800-\udfff]")
_ESCAPED = re.compile(f"{_LEAD}([0-9a-f]{{4}})")


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


class AnyText(TypeDecorator[str]):
    """A text of any characters, which comes back as it was.

    Those that a database keeps in no text are escaped: U+0000, which PostgreSQL refuses, and
    surrogates, which UTF-8 has no octets for. Strangers write both into zones and mails.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as every database keeps it."""
        del dialect
        if value is None or (value.isprintable() and _LEAD not in value):
            return value  # neither U+0000 nor a surrogate can be printed
        return _UNKEPT.sub(lambda found: f"{_LEAD}{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it was."""
        del dialect
        if value is None or _LEAD not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class DomainName(TypeDecorator[Domain]):
    """A mail domain, stored in its ASCII form (at most 253 characters, RFC 1035 section 2.3.4)."""

    impl = Name
    cache_ok = True

    def process_bind_param(self, value: Domain | None, dialect: Dialect) -> str | None:
        """The ASCII form without a final dot."""
        del dialect
        return None if value is None else value.ascii

    def process_result_value(self, value: str | None, dialect: Dialect) -> Domain | None:
        """The domain again; raises ValueError where somebody else wrote the row."""
        del dialect
        return None if value is None else Domain.from_ascii(value)
