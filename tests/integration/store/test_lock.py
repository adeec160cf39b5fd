"""One process to an SQLite database, with real second processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.store.engine.database import Database
from strict_python import STRICT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Opens the database of its first argument, says so, and holds it until its input ends.
OWNER = """
import asyncio, sys
from bot.errors import StoreError
from bot.store.engine.database import Database

async def main():
    try:
        database = await Database.open(sys.argv[1])
    except StoreError as error:
        sys.exit(str(error))
    async with database:
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@contextmanager
def running_owner(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*STRICT, "-c", OWNER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


async def test_a_second_process_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    async with await Database.open(url_of(path)):
        second = await asyncio.to_thread(
            subprocess.run,
            [*STRICT, "-c", OWNER, url_of(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"The database {path} is in use by another Cowbell (process {os.getpid()}); "
        "stop that one first, or give this one its own DATABASE_URL.\n"
    )


async def test_this_process_is_refused_while_another_owns_it(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with running_owner(url_of(path)) as owner:
        with pytest.raises(StoreError, match=rf"in use by another Cowbell \(process {owner.pid}\)"):
            await Database.open(url_of(path))
        owner.communicate(timeout=60)  # ends its input, so it closes properly
        assert owner.returncode == 0
        await (await Database.open(url_of(path))).aclose()


async def test_killing_the_owner_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with running_owner(url_of(path)) as owner:
        os.kill(owner.pid, signal.SIGKILL)
        assert owner.wait(timeout=60) == -signal.SIGKILL
        assert (tmp_path / "bot.db-wal").exists()  # it had no time to tidy
        await (await Database.open(url_of(path))).aclose()


async def test_another_name_of_the_same_file_is_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    async with await Database.open(url_of(tmp_path / "bot.db")):
        with pytest.raises(StoreError, match="in use by another Cowbell"):
            await Database.open(url_of(tmp_path / "link" / "bot.db"))


async def test_readers_need_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with running_owner(url_of(path)):
        reader = await Database.open_reading(url_of(path))
        assert reader is not None
        await reader.aclose()
        await (await Database.open(url_of(path), exclusive=False)).aclose()


async def test_a_failed_start_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_bytes(b"not a database" * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="is no SQLite database"):
            await Database.open(url_of(path))
    path.unlink()
    await (await Database.open(url_of(path))).aclose()
