"""A database whose server is cut off without a word is closed all the same."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.errors import StoreError
from bot.store.engine.database import Database
from postgres_way import PostgresWay

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]


def ask(session: Session) -> int:
    return int(session.execute(text("SELECT 1")).scalar_one())


async def test_it_is_closed_without_the_goodbye_that_nobody_answers(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with postgres.emptied_database() as name, PostgresWay(postgres) as way:
        database = await Database.open(way.url_of(name))
        await asyncio.gather(*(database.read(ask) for _ in range(3)))
        way.cut_silently()
        begun = time.monotonic()
        await database.aclose()
        assert time.monotonic() - begun < 3
        way.restore()
    assert not caplog.records


async def test_without_patience_what_is_under_way_fails_at_once(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with postgres.emptied_database() as name, PostgresWay(postgres) as way:
        database = await Database.open(way.url_of(name))
        await database.read(ask)
        way.cut_silently()
        begun = time.monotonic()
        reading = asyncio.create_task(database.read(ask))
        await asyncio.sleep(0.1)
        gone = asyncio.create_task(database.read(ask))
        await asyncio.sleep(0.1)
        gone.cancel()  # nobody hears what comes of it, and the log has no word of that
        await database.aclose(patience=0.0)
        with pytest.raises(StoreError):
            await reading
        assert time.monotonic() - begun < 5
        way.restore()
    assert not caplog.records
