"""Where the database is: the URL taken apart, and a name for it that holds no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from bot.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_EXAMPLE = "for example sqlite+aiosqlite:///data/bot.db"


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
            dialect = url.get_dialect()
        except NoSuchModuleError:
            raise StoreError(
                f"DATABASE_URL names a kind of database that is not known; write {_EXAMPLE}."
            ) from None
        except (ArgumentError, ValueError):
            raise StoreError(f"DATABASE_URL is not a database URL; write {_EXAMPLE}.") from None
        except ImportError as error:
            raise missing_driver(error) from None
        if not dialect.is_async:
            raise StoreError(
                f"DATABASE_URL names the driver {url.drivername}, which cannot be awaited; "
                f"write {_EXAMPLE}."
            )
        if url.get_backend_name() != "sqlite":
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
        return self.url.get_backend_name() == "sqlite"

    def __str__(self) -> str:
        if self.path is not None:
            return f"database {self.path}"
        if self.on_sqlite:
            return "database in memory"
        return f"database {self.url.database} on {self.url.host}"


def missing_driver(error: ImportError) -> StoreError:
    """What to tell the operator when Python lacks the driver's package."""
    return StoreError(
        f"DATABASE_URL needs the Python package {error.name}, which is not installed; "
        f"install it, or write {_EXAMPLE}."
    )
