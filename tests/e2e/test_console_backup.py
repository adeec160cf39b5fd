"""`backup` and `restore` as processes: what they say, how they exit, and being killed."""

from __future__ import annotations

import asyncio
import random
import shlex
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from console_process import ConsoleProcess

from bot.names import Domain
from bot.store.backup.database_copy import connect
from bot.store.engine.database import Database
from bot.store.repositories.stored_checks import StoredChecks
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from pathlib import Path

    from forked_python import ForkedPython

ENVIRONMENT = {
    "MAIL_HOST": "mx1.cow.example",
    "MAIL_SPF": "v=spf1 include:_spf.cow.example -all",
    "DATABASE_URL": "sqlite+aiosqlite:///data/bot.db",
}


@pytest.fixture
def console(tmp_path: Path, forked_python: ForkedPython) -> ConsoleProcess:
    return ConsoleProcess(ENVIRONMENT, tmp_path, forked_python)


def fill(path: Path, checks: int, size: int = 10) -> None:
    """Have a database there with so many checks in it, each as large as that."""

    async def run() -> None:
        async with await Database.open(f"sqlite+aiosqlite:///{path}") as database:
            for _ in range(checks):
                report, now = "x" * size, datetime.now(UTC)
                await StoredChecks(database).keep(
                    Domain.from_ascii("friend.example"), 1, report, 1, now
                )

    asyncio.run(run())


def count(path: Path) -> int:
    """Return how many checks a whole database holds."""
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        number: int = connection.execute("SELECT count(*) FROM stored_check").fetchone()[0]
        return number


def test_a_restored_backup_holds_what_was_backed_up(console: ConsoleProcess) -> None:
    none = console.call("backup", "saved.db")
    assert (none.returncode, none.stdout) == (2, "")
    assert none.stderr == (
        "There is no database data/bot.db yet; "
        "the bot makes it when it first runs (python -m bot run).\n"
    )
    fill(console.folder / "data" / "bot.db", 3)
    saved = console.call("backup", "saved.db")
    assert (saved.returncode, saved.stderr) == (0, "")
    size, _, held = saved.stdout.removeprefix("saved.db: ").partition(" kB, ")
    assert abs(int(size) * 1000 - (console.folder / "saved.db").stat().st_size) < 5000
    assert held == (
        "0 requests (0 open), 3 checks, 0 domains that members asked for, 0 DKIM keys.\n"
    )
    again = console.call("backup", "saved.db")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "saved.db is there already; name another file, or add --force.\n"
    assert console.call("backup", "--force", "saved.db").returncode == 0
    fill(console.folder / "data" / "bot.db", 2)
    restored = console.call("restore", "saved.db")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert restored.stdout.count("\n") == 1
    assert count(console.folder / "data" / "bot.db") == 3
    kept = restored.stdout.split("is kept: ")[1].strip()
    assert count(console.folder / kept) == 5


def test_where_the_disk_is_full_there_is_no_backup(console: ConsoleProcess) -> None:
    fill(console.folder / "data" / "bot.db", 40, 100_000)
    command = shlex.join(console.command("backup", "saved.db"))
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1000; exec {command}"],
        env=console.env(),
        cwd=console.folder,
        capture_output=True,
        text=True,
        timeout=MAX_WAIT,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "The disk has no room for saved.db, or it fails; make room, or name another place. "
        "Nothing was changed.\n"
    )
    assert [file.name for file in console.folder.iterdir()] == ["data"]


def test_a_path_that_drives_a_terminal_does_not(console: ConsoleProcess) -> None:
    fill(console.folder / "data" / "bot.db", 0)
    done = console.call("backup", "a\x1b[31mb.db")
    assert "\x1b" not in done.stdout
    assert done.stdout.startswith("a\\x1b[31mb.db: ")
    done = console.call("backup", "a\x1b[31mb.db")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_killed_at_any_moment_there_is_the_old_or_the_new(
    console: ConsoleProcess, command: str
) -> None:
    database, saved = console.folder / "data" / "bot.db", console.folder / "saved.db"
    fill(database, 30, 1_000_000)
    assert console.call("backup", "saved.db").returncode == 0
    fill(database, 5)
    # What the command replaces, what with, and how long it takes when nobody kills it.
    target, old, new = (saved, 30, 35) if command == "backup" else (database, 35, 30)
    words = ("backup", "--force", "saved.db") if command == "backup" else ("restore", "saved.db")
    aside = console.folder / "aside.db"
    began = time.monotonic()
    assert console.call("backup", "aside.db").returncode == 0
    whole, chance, seen = time.monotonic() - began, random.Random(command), set()
    for _ in range(8):
        process = console.begin(*words)
        process.poll(chance.uniform(0.2, 1.1) * whole)
        process.kill()
        process.poll(MAX_WAIT)
        seen.add(count(target))
        assert seen <= {old, new}
        if count(target) == new:
            break
    assert console.call(*words).returncode == 0
    assert count(target) == new
    assert count(aside) == 35
    for kept in database.parent.glob("bot.db.before-restore-*"):
        if not kept.name.endswith(("-wal", "-shm", "-journal")):
            assert count(kept) in {old, new}
    with closing(sqlite3.connect(database)) as live:
        assert live.execute("PRAGMA foreign_key_check").fetchall() == []
