"""Fixtures of the tests that run on both databases, which name this module in `pytest_plugins`."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import CowbellError
from bot.store.engine.database import Database
from bot.store.engine.transaction import Transaction
from empty_store import empty_store_url
from postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from sqlalchemy.orm import Session

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


async def _run_twice(
    transaction: Transaction[Any],
    work: Callable[[Session], Any],
    run: Callable[..., Awaitable[Any]] = Transaction.run,
) -> Any:
    if transaction._keep:
        async with AsyncSession(transaction._engine) as session:
            with suppress(CowbellError):
                await session.run_sync(work)
                await session.flush()
    return await run(transaction, work)


@pytest_asyncio.fixture
async def postgres_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """The URL of a database of the test's own on PostgreSQL."""
    async with postgres.emptied_database() as name:
        yield postgres.url_of(name)


def _folder(name: str) -> Path:
    # Not below pytest's own, which the next run on the machine takes away from all but its user.
    return Path(tempfile.gettempdir()) / f"cowbell-postgres-{name}"


@pytest_asyncio.fixture(
    params=["sqlite", "postgresql", pytest.param("repeating", marks=pytest.mark.slow)]
)
async def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The URL of a database of the test's own: an SQLite file, and then one on PostgreSQL.

    At the third time whatever is written is done twice, and the first time given up: so it shows
    what PostgreSQL does where others were in the way, and that doing so changes nothing else.
    """
    if request.param == "repeating":
        monkeypatch.setattr(Transaction, "run", _run_twice)
    if request.param != "postgresql":
        yield empty_store_url(tmp_path / "bot.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    async with server.emptied_database() as name:
        yield server.url_of(name)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database of the test's own, on SQLite and then on PostgreSQL."""
    async with await Database.open(database_url) as opened:
        yield opened
