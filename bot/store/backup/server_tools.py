"""PostgreSQL's own tools for backing a database up and putting it back, as commands to paste."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.store.engine.postgresql_url import host_of, options_of
from bot.store.engine.url import Address
from bot.store.server_survey import survey

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

# In one transaction: what is there is replaced as a whole, tables of a newer Cowbell too.
_REPLACE = (
    "--single-transaction",
    "--set=ON_ERROR_STOP=1",
    "--quiet",
    "--command=DROP SCHEMA public CASCADE",
    "--command=CREATE SCHEMA public",
)


@dataclass(frozen=True, slots=True)
class ServerTools:
    """The commands for one database and one file; they ask for the password that is not in them."""

    place: str  # the database, without a secret
    back_up: str
    restore: str


def find_server_tools(url: str, path: Path) -> ServerTools | None:
    """The commands that back a database up to `path` and put it back; None for SQLite.

    Raises StoreError for a URL that is none.
    """
    address = Address.parse(url)
    if address.on_sqlite:
        return None
    place, file, script = _connection_string(address), str(path), f"{path}.sql"
    back_up = ("pg_dump", "--format=custom", f"--file={file}", place)
    unpack = ("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", file)
    put_back = ("psql", *_REPLACE, f"--file={script}", place)
    steps = (unpack, put_back, ("rm", script))
    # What is unpacked is the data of members.
    restore = " && ".join(("umask 077", *map(shlex.join, steps)))
    return ServerTools(str(address), f"umask 077 && {shlex.join(back_up)}", restore)


async def find_users(url: str, now: Callable[[], datetime]) -> tuple[str, ...]:
    """The processes of Cowbell that are connected to a database, as `run 4711@mail1`.

    Raises StoreError where the server cannot be asked.
    """
    seen = await survey(url, now)
    processes = () if seen is None else seen.processes
    return tuple(f"{one.duty} {one.place}" for one in processes)


def _connection_string(address: Address) -> str:
    """The place in libpq's form, which has options of TLS too, and without the password."""
    url, options = address.url, options_of(address.url)
    parts = {
        "host": host_of(url),
        "port": None if url.port is None else str(url.port),
        "user": url.username,
        "dbname": url.database,
        "sslmode": options.get("sslmode"),
        "sslrootcert": options.get("sslrootcert"),
    }
    return " ".join(f"{key}={_quote(value)}" for key, value in parts.items() if value)


def _quote(value: str) -> str:
    if value.isascii() and value.replace(".", "").replace("-", "").replace("_", "").isalnum():
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
