"""Finds out whether the database can be used, without making, migrating or locking anything."""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.store.engine import postgresql, sqlite
from bot.store.engine.database_refusals import OPENING_FAULTS, explain_os_error
from bot.store.engine.engines import create_engine, explaining
from bot.store.engine.migrate import Schema, read_schema, refuse_foreign
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from pathlib import Path

_TRIAL = "CREATE TABLE cowbell_trial (number INTEGER)"


class DatabaseState(StrEnum):
    """The state that the database is in."""

    READY = "ready"  # it can be read and written, and is as this program knows it
    OLDER = "older"  # the next start of the bot brings it up to date
    ABSENT = "absent"  # the first start of the bot makes it


async def probe(url: str) -> DatabaseState:
    """Return how the database at `url` is, after writing to it and taking that back.

    Raises StoreError where it cannot be used, is damaged, newer than this program or somebody
    else's, or cannot be made.
    """
    address = Address.parse(url)
    if address.in_memory:
        return DatabaseState.ABSENT
    target = address.url
    if address.path is not None:
        if not _is_there(address, address.path):
            return DatabaseState.ABSENT
        target = sqlite.reading_url(address.url, address.path)
    engine = create_engine(address, target, reading=True)
    try:
        with explaining(address, OPENING_FAULTS):
            async with engine.connect() as connection:
                if not address.on_sqlite:
                    await connection.run_sync(postgresql.examine, address)
                schema = await connection.run_sync(read_schema, address)
                refuse_foreign(schema, address)
                if address.on_sqlite:
                    await connection.run_sync(sqlite.find_damage, address)
                    await connection.execute(text("PRAGMA query_only = OFF"))
                await connection.rollback()
                # What a writer does, up to the end; who is in the middle of it is waited for.
                await connection.execution_options(writes=True)
                await connection.execute(text(_TRIAL))
                await connection.rollback()
    finally:
        await engine.dispose()
    if schema is Schema.EMPTY:
        return DatabaseState.ABSENT
    return DatabaseState.OLDER if schema is Schema.OLDER else DatabaseState.READY


def _is_there(address: Address, path: Path) -> bool:
    """Whether there is a file; raises StoreError where there is none and none can be made."""
    try:
        if path.is_dir():
            raise explain_os_error(OSError(errno.EISDIR, ""), address)
        if path.stat().st_size > 0:
            return True
    except FileNotFoundError:
        pass
    except OSError as error:
        raise explain_os_error(error, address) from error
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise explain_os_error(PermissionError(errno.EACCES, ""), address)
    return False
