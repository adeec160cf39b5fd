"""Moves what an SQLite database holds onto PostgreSQL: all of it, compared, or nothing."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import func, select, text
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.store.backup.database_copy import connect
from bot.store.engine import postgresql, sqlite
from bot.store.engine.database_refusals import OPENING_FAULTS
from bot.store.engine.engines import create_engine, explaining
from bot.store.engine.lock import ProcessLock
from bot.store.engine.migrate import bring_to_head, is_readable
from bot.store.engine.url import Address
from bot.store.metadata import METADATA
from bot.store.move.moved_rows import compare_table, copy_table
from bot.store.move.row_numbers import continue_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

CALLED: Final = "The URL to move to"
_APPLICATION: Final = "cowbell move-database"
# Alembic's own, which the migrations write.
_NOT_MOVED: Final = {"alembic_version"}


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: how many rows of each table, by its name, and where to, without a secret."""

    rows: Mapping[str, int]
    url: str
    is_password_hidden: bool


def read_target(text: str) -> Address:
    """The PostgreSQL database that `text` names; raises StoreError, without repeating it."""
    target = Address.parse(text, CALLED)
    if target.on_sqlite:
        raise StoreError(
            f"{CALLED} is one of SQLite; name a PostgreSQL database, for example "
            "postgresql+asyncpg://cowbell@db.example/cowbell?sslmode=verify-full."
        )
    return target


async def move_database(
    source_url: str, target: Address, progress: Callable[[int, int], None] = lambda *_: None
) -> Moved:
    """Copy every row of the SQLite database at `source_url` into the empty one at `target`.

    It is one transaction at the server, kept when every row was read back and was the same; until
    then there is nothing. The SQLite file is left as it is. `progress` is told how many rows are
    copied or compared, and of how many in all. Raises StoreError with a remedy, also where a bot
    uses one of the two.
    """
    source, path = _require_source(source_url)
    lock = ProcessLock.take(source, path)
    try:
        with _reading(source, path) as origin:
            counts = _count_all(origin, source)
            steps = _Steps(2 * sum(counts.values()), progress)
            await _fill(origin, source, target, counts, steps)
    finally:
        lock.release()
    url = target.url.render_as_string(hide_password=True)
    return Moved(counts, url, target.url.password is not None)


class _Steps:
    """How many rows of all that is to be done are done."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self._total, self._done, self._progress = total, 0, progress

    def note(self, rows: int) -> None:
        self._done += rows
        self._progress(self._done, self._total)


def _require_source(url: str) -> tuple[Address, Path]:
    source = Address.parse(url)
    if not source.on_sqlite:
        raise StoreError(
            f"DATABASE_URL names the {source} already, and what is moved is an SQLite file; "
            "set DATABASE_URL to that file for this command."
        )
    try:
        is_filled = source.path is not None and source.path.stat().st_size > 0
    except OSError:
        is_filled = False
    if source.path is None or not is_filled:
        raise StoreError(
            f"There is no {source} to move; set DATABASE_URL to the PostgreSQL database, and the "
            "bot makes its tables when it first runs (python -m bot run)."
        )
    return source, source.path


@contextmanager
def _reading(source: Address, path: Path) -> Iterator[Connection]:
    """A connection to the SQLite file in one state of it, which was found whole."""
    engine = create_sync_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)
    try:
        with explaining(source, OPENING_FAULTS), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.exec_driver_sql("BEGIN")
            sqlite.find_damage(connection, source)
            if not is_readable(connection, source):
                raise StoreError(f"The {source} holds nothing of Cowbell's.")
            yield connection
    finally:
        engine.dispose()


def _count_all(origin: Connection, source: Address) -> dict[str, int]:
    found = origin.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%'"
        " ESCAPE '!'"
    ).scalars()
    if unknown := set(found) - set(METADATA.tables) - _NOT_MOVED:
        raise StoreError(
            f"The {source} has the table {min(unknown)}, which is not Cowbell's; "
            "take it out of there before."
        )
    return {table.name: _count(origin, table) for table in METADATA.sorted_tables}


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def _fill(
    origin: Connection, source: Address, target: Address, counts: Mapping[str, int], steps: _Steps
) -> None:
    engine = create_engine(
        target, target.url, reading=False, application=_APPLICATION, patient=True
    )
    try:
        with explaining(target, OPENING_FAULTS):
            async with engine.begin() as connection:
                await connection.run_sync(_make_ready, target)
                for table in METADATA.sorted_tables:  # a row comes after those that it points at
                    await copy_table(origin, connection, table, source, steps.note)
                await connection.run_sync(continue_numbers, origin)
                await _compare_all(origin, connection, counts, steps)
                await connection.execute(text("ANALYZE"))
    finally:
        await engine.dispose()


def _make_ready(connection: Connection, target: Address) -> None:
    """Makes the tables, in a database that nobody uses and that holds no rows."""
    postgresql.examine(connection, target)
    if not connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": postgresql.IN_USE}
    ).scalar_one():
        raise StoreError(f"The {target} is in use by another Cowbell; stop all of its processes.")
    postgresql.wait_for_turn(connection)
    bring_to_head(connection, target)
    for table in METADATA.sorted_tables:
        if rows := _count(connection, table):
            raise StoreError(
                f"The {target} holds rows already ({rows} in {table.name}); make an empty one for "
                "this, with createdb."
            )


async def _compare_all(
    origin: Connection, connection: AsyncConnection, counts: Mapping[str, int], steps: _Steps
) -> None:
    for table in METADATA.sorted_tables:
        there = await connection.run_sync(_count, table)
        if there != counts[table.name]:
            raise StoreError(
                f"Of {counts[table.name]} rows of {table.name} there were {there} afterwards; "
                "nothing was kept. Please report this."
            )
        await compare_table(origin, connection, table, steps.note)
        await asyncio.sleep(0)  # Ctrl+C is taken here
