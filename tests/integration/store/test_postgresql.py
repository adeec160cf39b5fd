"""What only a server does to a database: others migrate it, and it is started anew."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.errors import StoreError
from bot.store.engine.database import Database

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]


def read_all(session: Session) -> int:
    return len(session.execute(text("SELECT * FROM recent_domain")).all())


def add_column(session: Session) -> None:
    session.execute(text("ALTER TABLE recent_domain ADD COLUMN later INTEGER"))


async def test_a_process_goes_on_when_another_has_migrated(postgres: PostgresServer) -> None:
    async with postgres.database() as name:
        url = postgres.url_of(name)
        async with await Database.open(url) as older, await Database.open(url) as newer:
            for _ in range(3):  # so that the statement is prepared
                assert await older.read(read_all) == 0
            await newer.take(add_column)
            assert await older.read(read_all) == 0


async def test_processes_that_start_at_once_migrate_once(postgres: PostgresServer) -> None:
    async with postgres.database(empty=True) as name:
        opened = await asyncio.gather(*(Database.open(postgres.url_of(name)) for _ in range(4)))
        try:
            assert [await database.read(read_all) for database in opened] == [0, 0, 0, 0]
        finally:
            await asyncio.gather(*(database.aclose() for database in opened))


@pytest.mark.parametrize("typed", ["wake" + "_up", "wake" + "_up\n\0"])
async def test_what_a_server_repeats_of_a_row_is_in_no_log(
    typed: str, postgres: PostgresServer
) -> None:
    statement = text("INSERT INTO recent_domain (member_id, domain) VALUES (1, :typed)")
    async with postgres.database() as name, await Database.open(postgres.url_of(name)) as database:
        with pytest.raises(StoreError) as caught:
            await database.write(lambda session: session.execute(statement, {"typed": typed}))
    assert "wake" + "_up" not in "".join(traceback.format_exception(caught.value))
    assert str(caught.value).startswith(f"The database {name} on ")
