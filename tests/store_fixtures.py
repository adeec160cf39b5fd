"""Fixtures of the tests that run on both databases, which name this module in `pytest_plugins`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.store.engine.database import Database
from postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[PostgresServer]:
    """The PostgreSQL server of this run, which all its processes share."""
    # Not below pytest's own folder, which the next run takes away from all but its own user.
    folder = Path(tempfile.gettempdir()) / f"cowbell-postgres-{testrun_uid[:12]}"
    with running_postgres(folder) as server:
        yield server


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database of the test's own: an SQLite file, and then one on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/bot.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    async with server.emptied_database() as name:
        yield server.url_of(name)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database of the test's own, on SQLite and then on PostgreSQL."""
    async with await Database.open(database_url) as opened:
        yield opened
