"""asyncpg by itself: what it raises, and whether the sessions that it gives are the server's own.

Loaded where the database is on a server; who uses SQLite does without the driver.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from bot.store.engine.database_refusals import explain
from bot.store.engine.postgresql import SESSION
from bot.store.engine.postgresql_refusals import explain_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store.engine.url import Address

CALL: Final = 2.0  # seconds for one call of a session
# TimeoutError is an OSError.
DRIVER_FAULTS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

_SETTING: Final = "statement_timeout"  # one of ours, by which is seen whether they are in force


@contextmanager
def explaining_driver(address: Address) -> Iterator[None]:
    """Turns what asyncpg raises in the block into StoreError."""
    try:
        yield
    except DRIVER_FAULTS as error:
        if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
            raise explain_away("the connection is lost", address, error) from error
        raise explain(error, address) from error


async def find_pooler(first: asyncpg.Connection, second: asyncpg.Connection) -> str:
    """What shows that a pooler lends out the sessions of two connections; empty where none does.

    Neither may be in a transaction, which would keep its session. Raises `DRIVER_FAULTS`.
    """
    numbers = set[int]()
    for connection in (first, second):
        number, setting = await connection.fetchrow(
            "SELECT pg_backend_pid(), current_setting($1)", _SETTING, timeout=CALL
        )
        if number != connection.get_server_pid():
            return "a session is not the one that was logged in to"
        if setting != SESSION[_SETTING]:
            return "a session lacks what was set for it"
        numbers.add(number)
    return "" if len(numbers) == 2 else "two connections got one session"
