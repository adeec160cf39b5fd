"""`backup` and `restore` of a database on PostgreSQL: the commands that they say do it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from console_process import ConsoleProcess

from bot.process_name import Duty, ProcessName
from bot.store.engine.database import Database
from bot.store.repositories.stored_checks import StoredChecks
from max_wait import MAX_WAIT
from request_parts import FRIEND, NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from forked_python import ForkedPython
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

ENVIRONMENT = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
}


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database(empty=True) as name:
        # As a user with no right but to own the database.
        owner = await postgres.own(name)
        yield postgres.url_of(name).replace("postgres@", f"{owner}:wake_up@")


@pytest.fixture
def console(tmp_path: Path, forked_python: ForkedPython, url: str) -> ConsoleProcess:
    return ConsoleProcess({**ENVIRONMENT, "DATABASE_URL": url}, tmp_path, forked_python)


async def ask(console: ConsoleProcess, *words: str) -> tuple[str, str]:
    """Return the sentence and the command that a call gives; neither has the password in it."""
    done = await asyncio.to_thread(console.call, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "wake_up" not in done.stderr
    sentence, command = done.stderr.splitlines()
    return sentence, command


def paste(command: str, folder: Path, postgres: PostgresServer) -> None:
    """Run a command as somebody does who pastes it into a shell."""
    subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env={"PATH": f"{postgres.tools}:{os.environ['PATH']}"},
        check=True,
        timeout=MAX_WAIT,
        stdin=subprocess.DEVNULL,
    )


async def keep_check(url: str) -> int:
    async with await Database.open(url) as database:
        return await StoredChecks(database).keep(FRIEND, 1, '{"é": 1}', 1, NOON)


async def test_the_commands_that_are_said_back_up_and_restore(
    console: ConsoleProcess, url: str, postgres: PostgresServer
) -> None:
    first = await keep_check(url)
    sentence, command = await ask(console, "backup", "it's backup.dump")
    assert "whose own tool backs it up while the bot runs" in sentence
    await asyncio.to_thread(paste, command, console.folder, postgres)
    second = await keep_check(url)
    sentence, command = await ask(console, "restore", "it's backup.dump")
    assert "as a whole or not at all" in sentence
    await asyncio.to_thread(paste, command, console.folder, postgres)
    async with await Database.open(url) as database:
        checks = StoredChecks(database)
        assert await checks.get(first) is not None
        assert await checks.get(second) is None
        assert await checks.keep(FRIEND, 1, "{}", 1, NOON) == second
    files = {path.name: path.stat().st_mode & 0o777 for path in _files(console.folder)}
    assert files == {"it's backup.dump": 0o600}


async def test_a_restore_that_fails_leaves_what_was_there(
    console: ConsoleProcess, url: str, postgres: PostgresServer
) -> None:
    first = await keep_check(url)
    _, command = await ask(console, "backup", "backup.dump")
    await asyncio.to_thread(paste, command, console.folder, postgres)
    _, command = await ask(console, "restore", "backup.dump")
    broken = command.replace(" && psql", " && echo 'SELECT 1 / 0;' >> backup.dump.sql && psql")
    with pytest.raises(subprocess.CalledProcessError):
        await asyncio.to_thread(paste, broken, console.folder, postgres)
    async with await Database.open(url) as database:
        assert await StoredChecks(database).get(first) is not None


async def test_while_a_process_runs_nothing_is_said_that_would_restore(
    console: ConsoleProcess, url: str
) -> None:
    name = ProcessName(Duty.WORK, 4711, "mail1")
    async with await Database.open(url, application=str(name)) as database:
        await StoredChecks(database).get(1)
        done = await asyncio.to_thread(console.call, "restore", "backup.dump")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("is in use by work 4711@mail1. Stop that process first.\n")


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
