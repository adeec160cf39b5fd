"""Everything that is SQLite's alone: its file, its pragmas, its transactions."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import event, text
from sqlalchemy.pool import AsyncAdaptedQueuePool

from bot.store.engine.database_refusals import damaged, explain_os_error

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL, Connection, Engine

    from bot.store.engine.url import Address

BUSY_MS = 5000  # how long a statement waits for another connection's transaction


def make_room(address: Address, path: Path) -> None:
    """Makes the folder and an empty file, which nobody but the user that runs Cowbell may read.

    What members ask for is their own business. A file that is there already is left alone.
    Raises StoreError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError as error:
        if path.is_dir():
            raise explain_os_error(OSError(errno.EISDIR, ""), address) from error
        if not path.is_file():
            raise explain_os_error(error, address) from error
    except OSError as error:
        raise explain_os_error(error, address) from error


def reading_url(url: URL, path: Path) -> URL:
    """The URL by which SQLite opens the file at `path` and never makes it.

    Not with mode=ro: such a reader of a database in WAL mode leaves its helper files behind.
    """
    return url.set(database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})


def engine_options(*, in_memory: bool) -> dict[str, Any]:
    """What `create_async_engine` needs; several at once would each get a memory of its own."""
    if in_memory:
        return {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}
    return {"pool_size": 5, "max_overflow": 0}  # every connection costs a thread


def prepare(engine: Engine, *, reading: bool) -> None:
    """Gives every connection of the engine our pragmas, every transaction a proper beginning."""

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: object) -> None:
        del record
        # The driver's own idea of when to begin leaves reads and schema changes outside.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        cursor.execute(f"PRAGMA {'query_only = ON' if reading else 'journal_mode = WAL'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        # A migration builds tables anew, which must not look like deleting their rows; the
        # pragma has no effect inside a transaction.
        keys = "OFF" if options.get("migrates") else "ON"
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {keys}")
        # A reader that turns into a writer can be refused at once; a writer from the start waits.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def find_damage(connection: Connection, address: Address) -> None:
    """Raises StoreError where the file's content does not hold together."""
    verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if verdict != "ok":
        raise damaged(address, " ".join(str(verdict).split()))
    if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
        raise damaged(address, "a row points at another that is gone")
