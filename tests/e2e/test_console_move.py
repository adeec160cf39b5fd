"""`move-database` as a process: what it says, how it exits, where the URL is read, being killed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from console_process import ConsoleProcess

from bot.store.engine.database import Database
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from forked_python import ForkedPython
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

ENVIRONMENT = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "DATABASE_URL": "sqlite+aiosqlite:///bot.db",
}
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO stored_check (domain, report, "schema", checked_at)
SELECT 'd' || i || '.example', '{}', 1, '2026-11-22 12:00:00.000001' FROM n
"""
_CONNECTED = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'cowbell move-database' AND datname = $1
"""
# The tables are made, and rows are being copied or compared.
_MOVING = f"{_CONNECTED} AND query ~ 'COPY|ORDER BY' AND query !~ 'pg_catalog'"


@pytest.fixture
def console(tmp_path: Path, forked_python: ForkedPython) -> ConsoleProcess:
    return ConsoleProcess(ENVIRONMENT, tmp_path, forked_python)


@pytest.fixture
async def name(postgres: PostgresServer) -> AsyncIterator[str]:
    """The name of a database without tables."""
    async with postgres.database(empty=True) as name:
        yield name


async def fill(console: ConsoleProcess, checks: int) -> None:
    """Have a database there with so many checks in it."""
    path = console.folder / "bot.db"
    await (await Database.open(f"sqlite+aiosqlite:///{path}")).aclose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_FILL, (checks,))


async def ask(postgres: PostgresServer, name: str, question: str, *values: str) -> int:
    connection = await postgres.connect(name)
    try:
        number: int = await connection.fetchval(question, *values)
    finally:
        await connection.close()
    return number


async def test_it_says_what_was_moved_and_what_to_set(
    console: ConsoleProcess, postgres: PostgresServer, name: str
) -> None:
    await fill(console, 3)
    url = postgres.url_of(name)
    done = await asyncio.to_thread(console.call, "move-database", url)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = done.stdout.splitlines()
    assert first.startswith("3 rows of ")
    assert second == "Now set this:"
    assert third == f"DATABASE_URL={url}"
    again = await asyncio.to_thread(console.call, "move-database", url)
    assert (again.returncode, again.stdout) == (1, "")
    assert "holds rows already (3 in stored_check)" in again.stderr
    assert again.stderr.count("\n") == 1


async def test_a_url_from_stdin_is_not_on_the_command_line_and_its_password_nowhere(
    console: ConsoleProcess, postgres: PostgresServer, name: str
) -> None:
    await fill(console, 3)
    url = postgres.url_of(name).replace("postgres@", "postgres:wake_up@")
    done = await asyncio.to_thread(console.call, "move-database", "-", "--json", stdin=f"{url}\n")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["schema"], said["status"], said["rows"]) == (1, "ok", 3)
    assert said["tables"]["stored_check"] == 3
    assert said["database_url"] == url.replace("wake_up", "***")
    again = await asyncio.to_thread(console.call, "move-database", url)
    assert again.returncode == 1
    warning, refusal = again.stderr.splitlines()
    assert warning.startswith("The password stood on the command line")
    assert "holds rows already" in refusal
    assert "wake_up" not in again.stderr


async def test_a_wrong_url_is_wrong_usage(console: ConsoleProcess) -> None:
    await fill(console, 0)
    url = "postgresql+asyncpg://cow:wake_up@/"
    done = await asyncio.to_thread(console.call, "move-database", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The URL to move to ")
    assert "wake_up" not in done.stderr


async def test_killed_in_the_middle_it_leaves_nothing_there(
    console: ConsoleProcess, postgres: PostgresServer, name: str
) -> None:
    await fill(console, 8_000)
    before = (console.folder / "bot.db").read_bytes()
    process = console.begin("move-database", postgres.url_of(name))
    try:
        await _wait_for(postgres, name, _MOVING, 1)
    finally:
        process.kill()
    process.poll(MAX_WAIT)
    await _wait_for(postgres, name, _CONNECTED, 0)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert await ask(postgres, name, tables) == 0
    assert (console.folder / "bot.db").read_bytes() == before
    done = await asyncio.to_thread(console.call, "move-database", postgres.url_of(name))
    assert (done.returncode, done.stderr) == (0, "")
    assert await ask(postgres, name, "SELECT count(*) FROM stored_check") == 8_000


async def _wait_for(postgres: PostgresServer, name: str, question: str, number: int) -> None:
    end = time.monotonic() + MAX_WAIT
    while await ask(postgres, name, question, name) != number:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
