"""Each change of what several processes keep in one database, as the database itself noted it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import asyncpg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from postgres_server import PostgresServer

T = TypeVar("T")

HARNESS: Final = "harness"  # what we call ourselves at the database
NOTED: Final = ("watched", "request", "rotation", "outbox", "watch_news", "incident")
# Columns that nobody looks at.
_LONG: Final = "{state,evidence,facts,finding,value,replaced,old_value,servers}"
_AGAIN: Final = 0.3  # seconds between two tries to reach the database
_FAULTS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # where the server ends in the middle of an answer
)

# No index and no key: a row more must not be in the way of any transaction that is noted.
_TABLE: Final = """
CREATE SCHEMA soak;
CREATE TABLE soak.change (
    id bigserial,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who text NOT NULL DEFAULT current_setting('application_name'),
    pid integer NOT NULL DEFAULT pg_backend_pid(),
    subject text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE FUNCTION soak.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    long text[] := TG_ARGV[0];
BEGIN
    INSERT INTO soak.change (subject, before, after) VALUES (
        TG_TABLE_NAME,
        CASE TG_OP WHEN 'INSERT' THEN NULL ELSE to_jsonb(OLD) - long END,
        CASE TG_OP WHEN 'DELETE' THEN NULL ELSE to_jsonb(NEW) - long END
    );
    RETURN NULL;
END $$;
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A row before and after a statement of a transaction that was kept; `who` made it.

    `before` is None for a row that is new, `after` for one that was deleted.
    """

    id: int
    at: datetime
    who: str
    table: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Record:
    """What the database notes, and the way of the harness to it, which is never cut."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def opened(cls, postgres: PostgresServer, database: str) -> AsyncIterator[Self]:
        """Yield the record of a database that has its tables, and note changes from now on."""
        async with asyncpg.create_pool(
            host=postgres.socket_folder,
            user="postgres",
            database=database,
            min_size=1,
            max_size=8,
            server_settings={"application_name": HARNESS, "timezone": "UTC"},
        ) as pool:
            await pool.execute(_TABLE)
            for table in NOTED:
                await pool.execute(
                    f"CREATE TRIGGER soak_note AFTER INSERT OR UPDATE OR DELETE ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION soak.note('{_LONG}')"
                )
            yield cls(pool)

    async def do(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Return what is done at the database, as soon as that can be reached."""
        while True:
            try:
                async with self._pool.acquire() as connection:
                    return await work(connection)
            except _FAULTS:
                await asyncio.sleep(_AGAIN)

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Return the rows of a query."""
        return await self.do(lambda connection: connection.fetch(query, *values))

    async def changes(self, table: str) -> list[Change]:
        """Return all changes of a table so far, those of one row in their order."""
        query = "SELECT * FROM soak.change WHERE subject = $1 ORDER BY id"
        return [
            Change(
                row["id"],
                row["at"],
                row["who"],
                row["subject"],
                _load(row["before"]),
                _load(row["after"]),
            )
            for row in await self.rows(query, table)
        ]


def _load(text: str | None) -> dict[str, Any] | None:
    row: dict[str, Any] | None = None if text is None else json.loads(text)
    return row
