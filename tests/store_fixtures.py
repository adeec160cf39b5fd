"""Fixtures of the tests that run on both databases, which name this module in `pytest_plugins`."""

from __future__ import annotations

import secrets
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
    with running_postgres(_folder(testrun_uid[:12])) as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for a test that has it started anew."""
    with running_postgres(_folder(secrets.token_hex(6))) as server:
        yield server


def _folder(name: str) -> Path:
    # Not below pytest's own, which the next run on the machine takes away from all but its user.
    return Path(tempfile.gettempdir()) / f"cowbell-postgres-{name}"


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
