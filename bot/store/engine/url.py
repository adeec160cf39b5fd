"""Where the database is: the URL taken apart, and a name for it that holds no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_EXAMPLE = "for example sqlite+aiosqlite:///data/bot.db"
_SQLITE, _POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"


@dataclass(frozen=True, slots=True)
class Address:
    """A database URL that names a database and an asynchronous driver for it."""

    url: URL
    path: Path | None  # the file of an SQLite database; None in memory and on a server

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that `text` gives.

        Raises StoreError, without repeating `text`, which may hold a password.
        """
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise StoreError(f"DATABASE_URL is not a database URL; write {_EXAMPLE}.") from None
        if url.drivername not in {_SQLITE, _POSTGRESQL}:
            raise StoreError(
                f"DATABASE_URL begins with {url.drivername}, which Cowbell cannot use; begin it "
                f"with {_SQLITE} or {_POSTGRESQL}, {_EXAMPLE}."
            )
        if url.drivername == _POSTGRESQL:
            if not url.database:
                raise StoreError(
                    "DATABASE_URL names no database; write its name after the host, for example "
                    f"{_POSTGRESQL}://cowbell:secret@db.example/cowbell."
                )
            return cls(url, None)
        if url.host or url.username or url.password or url.port or url.query:
            raise StoreError(
                "DATABASE_URL gives a host, a login or options, and SQLite has none of these; "
                f"write {_EXAMPLE}."
            )
        database = url.database or ":memory:"
        if database.startswith("file:"):
            raise StoreError(
                f"DATABASE_URL gives a file: address where a path is expected; write {_EXAMPLE}."
            )
        return cls(url, None if database == ":memory:" else Path(database))

    @property
    def in_memory(self) -> bool:
        """Whether everything is gone once it is closed."""
        return self.on_sqlite and self.path is None

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is SQLite's."""
        return self.url.drivername == _SQLITE

    def __str__(self) -> str:
        if self.path is not None:
            return f"database {self.path}"
        if self.on_sqlite:
            return "database in memory"
        host = self.url.query.get("host") or self.url.host or "localhost"
        return f"database {self.url.database} on {host}"
