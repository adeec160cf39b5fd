"""Copies of an SQLite database: made from one that is in use, looked through, put into place."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.store.engine.database_refusals import OPENING_FAULTS, explain
from bot.store.engine.migrate import Schema, read_schema
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection

HELPERS = ("-wal", "-shm", "-journal")  # files that SQLite keeps beside a database
_STEP = 256  # pages, a mebibyte mostly
_WAIT = 5.0  # seconds for another connection's transaction
_DISK_FAULTS = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_COUNTED = {
    "requests": "SELECT count(*) FROM request",
    "still_open": "SELECT count(*) FROM request WHERE closed_at IS NULL",
    "checks": "SELECT count(*) FROM stored_check",
    "domains": "SELECT count(*) FROM recent_domain",
    "keys": "SELECT count(*) FROM known_key",
}


@dataclass(frozen=True, slots=True)
class CopyContents:
    """What a copy holds."""

    size: int  # octets
    is_current: bool  # False: an older Cowbell's, which the next start brings up to date
    counts: Mapping[str, int]  # rows, by `_COUNTED`


def address_of(path: Path) -> Address:
    """The address of a file that is no configured database."""
    return Address(URL.create("sqlite+aiosqlite", database=str(path)), path)


def require_file(url: str) -> tuple[Address, Path]:
    """The configured database and its file; raises StoreError where it is not kept in one."""
    address = Address.parse(url)
    if address.on_sqlite and address.path is None:
        raise StoreError("The database is in memory and ends with the bot; there is no file of it.")
    if address.path is None:
        raise StoreError(
            f"The {address} is not an SQLite file; back it up and restore it with the server's own "
            "tools, pg_dump and pg_restore."
        )
    return address, address.path


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there already, without transactions of the driver's own."""
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that a file's content is not what it should be."""
    return _code(error) in _DAMAGE


@contextmanager
def part_beside(path: Path) -> Iterator[Path]:
    """An empty file in the folder of `path`, for this user alone; it is gone after the block.

    Raises StoreError where there cannot be one, before or in the block.
    """
    part = None
    try:
        file, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(file)
        part = Path(name)
        yield part
    except OSError as error:
        raise _explain_place(error, path) from error
    finally:
        if part is not None:
            for leftover in (part, *(Path(f"{part}{helper}") for helper in HELPERS)):
                leftover.unlink(missing_ok=True)


def copy_database(address: Address, source: Path, part: Path, target: Path, remedy: str) -> None:
    """Copies one state of the database at `source` into `part`, which becomes `target` later.

    Whoever writes to it meanwhile is not waited for and not kept waiting: its write-ahead log
    holds what they write. Raises StoreError; `remedy` is for a source that cannot be read.
    """
    try:
        with closing(connect(source)) as origin, closing(connect(part)) as copy:
            # A transaction that has read stays at what it saw, however many steps there are.
            origin.execute("BEGIN")
            origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
            # The whole file is brought to the disk at the end.
            copy.execute("PRAGMA synchronous = OFF")
            # Python gets round to Ctrl+C in what is called after each step.
            origin.backup(copy, pages=_STEP, progress=lambda *_: None)
        with closing(connect(part)) as copy:
            # One file without helpers, which can be moved as it is.
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error as error:
        if _code(error) in _DISK_FAULTS:
            raise StoreError(
                f"The disk has no room for {target}, or it fails; make room, "
                "or name another place. Nothing was changed."
            ) from error
        if is_damage(error):
            raise StoreError(f"The {address} is damaged ({error}); {remedy}") from error
        raise explain(error, address) from error


def examine(part: Path, address: Address, remedy: str) -> CopyContents:
    """What a copy holds; raises StoreError where it is not whole, not ours or a newer Cowbell's.

    `address` and `remedy` are for the sentence: whose copy it is, and what to do.
    """
    engine = create_engine("sqlite://", creator=lambda: connect(part), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _look_through(connection, part, address, remedy)
    except OPENING_FAULTS as error:
        raise explain(error, address) from error
    finally:
        engine.dispose()


def put(part: Path, path: Path) -> None:
    """Puts a whole copy into place, at once and for good."""
    file = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Has the disk know the names in a folder."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _look_through(
    connection: Connection, part: Path, address: Address, remedy: str
) -> CopyContents:
    verdict = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
    if verdict == "ok" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        verdict = "a row points at another that is gone"
    if verdict != "ok":
        raise StoreError(f"The {address} is damaged ({' '.join(verdict.split())}); {remedy}")
    schema = read_schema(connection, address)
    if schema not in {Schema.CURRENT, Schema.OLDER}:
        raise StoreError(f"The {address} holds nothing of Cowbell's; {remedy}")
    names = set(
        connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars()
    )
    counts = {
        # An older Cowbell had fewer tables.
        what: connection.exec_driver_sql(query).scalar_one() if query.split()[3] in names else 0
        for what, query in _COUNTED.items()
    }
    return CopyContents(part.stat().st_size, schema is Schema.CURRENT, counts)


def _explain_place(error: OSError, path: Path) -> StoreError:
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return StoreError(f"There is no folder {path.parent}; make it first, or name another one.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreError(f"The disk has no room for {path}; make room, or name another place.")
    return StoreError(f"{path} cannot be written: {error.strerror or error}; name another place.")


def _code(error: sqlite3.Error) -> int:
    # The low byte is the kind.
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
