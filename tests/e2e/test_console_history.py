"""`history` as a process: what it reads, what it prints, and how it exits."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from console_process import ConsoleProcess

from bot.checks.finding import Check
from bot.store.engine.database import Database
from domain_pasts import NO_MX, OUR_MX, RIGHT, Past, state

if TYPE_CHECKING:
    from pathlib import Path

    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]
ENVIRONMENT = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "DATABASE_URL": "sqlite+aiosqlite:///bot.db",
}


@pytest.fixture
def console(tmp_path: Path, forked_python: ForkedPython) -> ConsoleProcess:
    return ConsoleProcess(ENVIRONMENT, tmp_path, forked_python)


def fill(folder: Path, past: Past | None = None) -> None:
    """Have a database there, with the past of a domain in it."""

    async def run() -> None:
        async with await Database.open(f"sqlite+aiosqlite:///{folder}/bot.db") as database:
            if past is not None:
                await database.write(lambda session: past.write(session, known_at=now()))

    asyncio.run(run())


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def broken() -> Past:
    past = Past().look(now() - timedelta(days=90), RIGHT, ("ns1.a.example.",))
    return past.look(now() - timedelta(days=10), NO_MX)


def test_where_nothing_is_kept_it_says_so_and_exits_with_3(console: ConsoleProcess) -> None:
    done = console.call("history", "friend.example")
    assert (done.returncode, done.stderr) == (3, "")
    assert "/mailadmin watch" in done.stdout
    assert list(console.folder.iterdir()) == []  # nothing was made
    fill(console.folder)
    done = console.call("history", "friend.example", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["changes"] == []


def test_a_domain_that_is_broken_as_it_was_seen_last_exits_with_1(console: ConsoleProcess) -> None:
    fill(console.folder, broken())
    done = console.call("history", "friend.example")
    assert (done.returncode, done.stderr) == (1, "")
    assert "MX went from right to broken." in done.stdout
    as_json = console.call("history", "friend.example", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["checks"]["mx"]["before"] == "pass"


def test_a_domain_that_is_right_again_exits_with_0(console: ConsoleProcess) -> None:
    past = broken().look(now() - timedelta(days=2), {Check.MX: state("pass", OUR_MX)})
    fill(console.folder, past)
    assert console.call("history", "friend.example").returncode == 0


def test_wrong_usage_exits_with_2_and_one_line(console: ConsoleProcess) -> None:
    for words in (["localhost"], [], ["friend.example", "--file", "x"]):
        done = console.call("history", *words)
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) >= 1
        assert "Traceback" not in done.stderr


def test_it_reads_beside_a_bot_that_runs_and_writes_nothing(console: ConsoleProcess) -> None:
    fill(console.folder, broken())
    path = console.folder / "bot.db"
    before = path.read_bytes()

    async def call() -> int:
        async with await Database.open(f"sqlite+aiosqlite:///{path}"):  # holds the lock
            done = await asyncio.to_thread(console.call, "history", "friend.example")
            return done.returncode

    assert asyncio.run(call()) == 1
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_one_line_and_2(console: ConsoleProcess) -> None:
    (console.folder / "bot.db").write_bytes(b"no database at all" * 100)
    done = console.call("history", "friend.example")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
