"""asyncpg by itself: what it raises, and whether its sessions are the server's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bot.store.engine.database_refusals import explain
from bot.store.engine.postgresql import SESSION
from bot.store.engine.postgresql_refusals import explain_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg

    from bot.store.engine.url import Address

CALL: Final = 2.0  # seconds for one call of a session

_SETTING: Final = "statement_timeout"  # one of ours, by which is seen whether they are in force


def raised_by_driver() -> tuple[type[Exception], ...]:
    """What connecting and calling raise where the server or the way to it is at fault."""
    import asyncpg  # noqa: PLC0415 - the driver, which who uses SQLite does not have to load

    # TimeoutError is an OSError.
    return (
        *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
        OSError,
    )


@contextmanager
def explaining_driver(address: Address) -> Iterator[None]:
    """Turns what asyncpg raises in the block into StoreError."""
    try:
        yield
    except raised_by_driver() as error:
        if isinstance(error, OSError) or getattr(error, "sqlstate", None):
            raise explain(error, address) from error
        raise explain_away("the connection is lost", address, error) from error


async def find_pooler(first: asyncpg.Connection, second: asyncpg.Connection) -> str:
    """What shows that a pooler lends out the sessions of two connections; empty where none does.

    Neither may be in a transaction, which would keep its session. Raises what asyncpg does.
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
