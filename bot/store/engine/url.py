"""Where the database is: the URL taken apart, and a name for it that holds no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import StoreError
from bot.store.engine.postgresql_url import host_of, require_plain

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

CALLED = "DATABASE_URL"  # what its sentences call the URL, unless it was got from elsewhere
_EXAMPLE = "for example sqlite+aiosqlite:///data/bot.db"
_SQLITE, _POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"


@dataclass(frozen=True, slots=True)
class Address:
    """A database URL that names a database and an asynchronous driver for it."""

    url: URL
    path: Path | None  # the file of an SQLite database; None in memory and on a server
    called: str = CALLED

    @classmethod
    def parse(cls, text: str, called: str = CALLED) -> Address:
        """The address that `text` gives, which sentences call `called`.

        Raises StoreError, without repeating `text`, which may hold a password.
        """
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise StoreError(f"{called} is not a database URL; write {_EXAMPLE}.") from None
        if url.drivername not in {_SQLITE, _POSTGRESQL}:
            raise StoreError(
                f"{called} begins with {url.drivername}, which Cowbell cannot use; begin it "
                f"with {_SQLITE} or {_POSTGRESQL}, {_EXAMPLE}."
            )
        if url.drivername == _POSTGRESQL:
            require_plain(url, text, called)
            return cls(url, None, called)
        if url.host or url.username or url.password or url.port or url.query:
            raise StoreError(
                f"{called} gives a host, a login or options, and SQLite has none of these; "
                f"write {_EXAMPLE}."
            )
        database = url.database or ":memory:"
        if database.startswith("file:"):
            raise StoreError(
                f"{called} gives a file: address where a path is expected; write {_EXAMPLE}."
            )
        return cls(url, None if database == ":memory:" else Path(database), called)

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
        return f"database {self.url.database} on {host_of(self.url)}"
