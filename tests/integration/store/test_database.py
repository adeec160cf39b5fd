"""Opening, reading and closing the database, on real SQLite files."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from bot.errors import StoreError
from bot.names import Domain
from bot.store.engine.database import Database
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def delete_all(session: Session) -> None:
    session.execute(text("DELETE FROM recent_domain"))


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_open_makes_folder_and_file_and_another_open_finds_what_was_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "deep" / "er" / "bot.db"
    async with await Database.open(url_of(path)) as database:
        await RecentDomains(database).remember(1, FRIEND, NOON)
    async with await Database.open(url_of(path)) as database:
        assert await RecentDomains(database).of(1) == (FRIEND,)


async def test_a_relative_path_is_taken_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with await Database.open("sqlite+aiosqlite:///data/bot.db"):
        assert (tmp_path / "data" / "bot.db").is_file()


async def test_a_path_with_signs_that_mean_something_in_urls_is_only_a_path(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a b#c;d.db"
    async with await Database.open(url_of(path)) as database:
        await RecentDomains(database).remember(1, FRIEND, NOON)
    assert path.is_file()
    reader = await Database.open_reading(url_of(path))
    assert reader is not None
    async with reader:
        assert await RecentDomains(reader).of(1) == (FRIEND,)


async def test_the_file_is_for_its_user_alone_and_closing_leaves_no_helper_files(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bot.db"
    async with await Database.open(url_of(path)) as database:
        await RecentDomains(database).remember(1, FRIEND, NOON)
        modes = modes_in(tmp_path)
    assert modes == dict.fromkeys(("bot.db", "bot.db-wal", "bot.db-shm", "bot.db.lock"), 0o600)
    assert set(modes_in(tmp_path)) == {"bot.db", "bot.db.lock"}


async def test_every_connection_has_our_pragmas(tmp_path: Path) -> None:
    def read_pragmas(session: Session) -> list[object]:
        return [
            session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]

    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        assert await database.read(read_pragmas) == ["wal", 1, 5000]
        assert await database.write(read_pragmas) == ["wal", 1, 5000]


async def test_a_database_in_memory_serves_several_tasks_as_one(tmp_path: Path) -> None:
    async with await Database.open("sqlite+aiosqlite:///:memory:") as database:
        recent = RecentDomains(database)
        await asyncio.gather(*(recent.remember(n, FRIEND, NOON) for n in range(20)))
        found = await asyncio.gather(*(recent.of(n) for n in range(20)))
    assert found == [(FRIEND,)] * 20


async def test_reading_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    assert await Database.open_reading(url_of(tmp_path / "data" / "bot.db")) is None
    assert await Database.open_reading("sqlite+aiosqlite:///:memory:") is None
    assert modes_in(tmp_path) == {}


async def test_reading_an_empty_file_finds_nothing_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.touch()
    assert await Database.open_reading(url_of(path)) is None
    assert path.stat().st_size == 0


async def test_a_reader_sees_what_the_owner_writes_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    async with await Database.open(url_of(path)) as owner:
        reader = await Database.open_reading(url_of(path))
        assert reader is not None
        async with reader:
            await RecentDomains(owner).remember(1, FRIEND, NOON)
            assert await RecentDomains(reader).of(1) == (FRIEND,)
            with pytest.raises(StoreError, match="was opened for reading only"):
                await RecentDomains(reader).forget(1)
            with pytest.raises(StoreError, match="cannot be written"):
                await reader.read(delete_all)
        assert await RecentDomains(owner).of(1) == (FRIEND,)


async def test_a_reader_alone_leaves_no_files_behind(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await Database.open(url_of(path))).aclose()
    before = path.read_bytes()
    reader = await Database.open_reading(url_of(path))
    assert reader is not None
    async with reader:
        assert await RecentDomains(reader).of(1) == ()
    assert set(modes_in(tmp_path)) == {"bot.db", "bot.db.lock"}
    assert path.read_bytes() == before


async def test_what_raises_is_undone(tmp_path: Path) -> None:
    def delete_and_fail(session: Session) -> None:
        delete_all(session)
        raise LookupError

    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        recent = RecentDomains(database)
        await recent.remember(1, FRIEND, NOON)
        with pytest.raises(LookupError):
            await database.write(delete_and_fail)
        assert await recent.of(1) == (FRIEND,)


async def test_what_only_reads_keeps_no_changes(tmp_path: Path) -> None:
    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        await RecentDomains(database).remember(1, FRIEND, NOON)
        await database.read(delete_all)
        assert await RecentDomains(database).of(1) == (FRIEND,)


async def test_one_state_is_read_while_others_write(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"

    def count_twice(session: Session) -> list[int]:
        count = text("SELECT count(*) FROM recent_domain")
        before = session.execute(count).scalar_one()
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("DELETE FROM recent_domain")
        return [before, session.execute(count).scalar_one()]

    async with await Database.open(url_of(path)) as database:
        await RecentDomains(database).remember(1, FRIEND, NOON)
        assert await database.read(count_twice) == [1, 1]
        assert await RecentDomains(database).of(1) == ()


async def test_cancelled_callers_leave_no_transaction_open(tmp_path: Path) -> None:
    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        recent = RecentDomains(database)
        # Cancelled at moments that fall everywhere between the first and the last statement.
        for moment in range(40):
            tasks = [
                asyncio.create_task(recent.remember(member, FRIEND, NOON)) for member in range(3)
            ]
            await asyncio.sleep(moment / 4000)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        # Less than the five seconds that a writer waits for a transaction left open; a slow machine
        # takes two of them to close the connections of those who were cancelled.
        async with asyncio.timeout(4.5):
            await recent.remember(9, FRIEND, NOON)
        assert await recent.of(9) == (FRIEND,)


async def test_closing_lets_what_is_under_way_end(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    database = await Database.open(url_of(path))
    task = asyncio.create_task(RecentDomains(database).remember(1, FRIEND, NOON))
    await asyncio.sleep(0)
    task.cancel()
    await database.aclose()
    async with await Database.open(url_of(path)) as again:
        assert await RecentDomains(again).of(1) == (FRIEND,)


async def test_a_cancelled_start_leaves_the_database_free(tmp_path: Path) -> None:
    url = url_of(tmp_path / "bot.db")
    for moment in range(10):
        task = asyncio.create_task(Database.open(url))
        await asyncio.sleep(moment / 1000)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await (await task).aclose()
    await (await Database.open(url)).aclose()


async def test_times_of_any_zone_come_back_as_the_same_moment_in_utc(tmp_path: Path) -> None:
    oslo = datetime(2026, 11, 22, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        checks = StoredChecks(database)
        check = await checks.get(await checks.keep(FRIEND, None, "{}", 1, oslo))
    assert check is not None
    assert check.checked_at == oslo
    assert check.checked_at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    naive = datetime(2026, 11, 22, 13, 0)  # noqa: DTZ001 - what must not get in
    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        with pytest.raises(StatementError, match="a time without a zone cannot be stored"):
            await RecentDomains(database).remember(1, FRIEND, naive)


async def test_closing_twice_does_nothing_and_what_is_closed_stays_closed(tmp_path: Path) -> None:
    database = await Database.open(url_of(tmp_path / "bot.db"))
    await database.aclose()
    await database.aclose()
    with pytest.raises(StoreError, match="is closed already"):
        await RecentDomains(database).of(1)
    with pytest.raises(StoreError, match="is closed already"):
        await RecentDomains(database).forget(1)
    assert set(modes_in(tmp_path)) == {"bot.db", "bot.db.lock"}
