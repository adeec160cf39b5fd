"""Databases that cannot be used: each with its own sentence, none with a secret."""

from __future__ import annotations

import os
import resource
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bot.errors import StoreError
from bot.names import Domain
from bot.store.engine.database import Database
from bot.store.repositories.stored_checks import StoredChecks

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")
NOBODY = 65534


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def refuse(url: str, *, exclusive: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        await Database.open(url, exclusive=exclusive)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


async def make_database(path: Path) -> None:
    await (await Database.open(url_of(path))).aclose()


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    user = os.geteuid()
    os.seteuid(os.getuid())
    folder.chmod(0o755)
    try:
        yield
    finally:
        folder.chmod(0o555)
        os.seteuid(user)


@pytest_asyncio.fixture
async def all_modules_read(tmp_path: Path) -> None:
    # Python reads modules as they are needed, which the other user may not.
    await make_database(tmp_path / "first.db")


@pytest.fixture
def read_only_folder(all_modules_read: None) -> Iterator[Path]:
    # Not tmp_path, which another user cannot reach: root may write everywhere, so it steps down.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_root = os.geteuid() == 0
        try:
            folder.chmod(0o555)
            if is_root:
                os.seteuid(NOBODY)
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o755)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "is not a database URL"),
        ("data/bot.db", "is not a database URL"),
        ("postgresql+asyncpg://cow:hunter2@db:many/bot", "is not a database URL"),
        ("moo+milk://cow:hunter2@db/bot", "begins with moo+milk, which Cowbell cannot use"),
        ("sqlite:///data/bot.db", "begins with sqlite, which Cowbell cannot use"),
        ("postgresql://cow:hunter2@db/bot", "begin it with sqlite+aiosqlite or postgresql+asyncpg"),
        ("sqlite+aiosqlite://cow:hunter2@db/bot", "gives a host, a login or options"),
        ("sqlite+aiosqlite:///data/bot.db?password=hunter2", "gives a host, a login or options"),
        ("sqlite+aiosqlite:///file:data/bot.db", "gives a file: address"),
    ],
)
async def test_a_wrong_url_is_refused_with_an_example_and_without_its_secret(
    url: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sentence = await refuse(url)
    assert says in sentence
    assert "sqlite+aiosqlite:///data/bot.db" in sentence
    assert "hunter2" not in sentence
    assert names_in(tmp_path) == set()
    with pytest.raises(StoreError) as caught:
        await Database.open_reading(url)
    assert str(caught.value) == sentence


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_text("a shopping list\n" * 100)
    assert await refuse(url_of(path)) == (
        f"The database {path} is no SQLite database, or a damaged one; restore it from a backup, "
        "or move the file away to begin with an empty one."
    )
    assert path.read_text() == "a shopping list\n" * 100
    with pytest.raises(StoreError, match="is no SQLite database"):
        await Database.open_reading(url_of(path))


async def test_a_database_that_was_cut_off_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await make_database(path)
    os.truncate(path, path.stat().st_size // 2)
    assert "is damaged" in await refuse(url_of(path))


async def test_a_database_with_a_page_overwritten_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    async with await Database.open(url_of(path)) as database:
        checks = StoredChecks(database)
        for _ in range(50):
            await checks.keep(FRIEND, 1, "x" * 1000, 1, NOON)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 3 * 4096)
        file.write(b"\xa5" * 4096)
    sentence = await refuse(url_of(path))
    assert sentence.startswith(f"The database {path} is damaged (")
    assert "restore it from a backup" in sentence


@contextmanager
def room_for_pages(count: int) -> Iterator[None]:
    """SQLite's own limit, which fails in the same way as a disk without room."""

    def limit(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count = {count}")
        cursor.close()

    event.listen(Pool, "connect", limit)
    try:
        yield
    finally:
        event.remove(Pool, "connect", limit)


async def test_a_full_disk_is_said_and_nothing_is_half_migrated(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with room_for_pages(4):
        assert await refuse(url_of(path)) == (
            f"The disk has no room left for the database {path}; make room or look at the disk, "
            "then start again; nothing was half written."
        )
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


async def test_a_disk_that_fills_up_later_is_said_and_what_was_there_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bot.db"
    await make_database(path)
    with room_for_pages(path.stat().st_size // 4096 + 2):
        async with await Database.open(url_of(path)) as database:
            checks = StoredChecks(database)
            first = await checks.keep(FRIEND, 1, "{}", 1, NOON)
            with pytest.raises(StoreError, match="The disk has no room left"):
                await checks.keep(FRIEND, 1, "x" * 100_000, 1, NOON)
            assert await checks.get(first) is not None
            assert await checks.get(first + 1) is None
            await checks.keep(FRIEND, 1, "{}", 1, NOON)


async def test_a_write_that_the_system_refuses_is_said_and_what_was_there_stays(
    tmp_path: Path,
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with await Database.open(url_of(tmp_path / "bot.db")) as database:
        checks = StoredChecks(database)
        first = await checks.keep(FRIEND, 1, "{}", 1, NOON)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            with pytest.raises(StoreError, match="The disk failed while it held the database"):
                await checks.keep(FRIEND, 1, "x" * 1_000_000, 1, NOON)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert await checks.get(first) is not None
        assert await checks.get(first + 1) is None


async def test_a_folder_that_may_not_be_written_is_said(read_only_folder: Path) -> None:
    for path in (read_only_folder / "bot.db", read_only_folder / "data" / "bot.db"):
        assert await refuse(url_of(path)) == (
            f"The database {path} cannot be written; give the user that runs Cowbell the right to "
            "write to the file and its folder, or name another place in DATABASE_URL."
        )


async def test_a_database_in_a_folder_that_may_not_be_written_is_said(
    read_only_folder: Path,
) -> None:
    with as_owner_of(read_only_folder):
        await make_database(read_only_folder / "bot.db")
        (read_only_folder / "bot.db").chmod(0o444)
        (read_only_folder / "bot.db.lock").chmod(0o666)
    path = read_only_folder / "bot.db"
    for exclusive in (True, False):
        sentence = await refuse(url_of(path), exclusive=exclusive)
        assert "give the user that runs Cowbell the right to write" in sentence
    with pytest.raises(StoreError, match="give the user that runs Cowbell the right to write"):
        await Database.open_reading(url_of(path))


async def test_a_path_that_is_a_folder_or_leads_through_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "bot.db", tmp_path / "file" / "data" / "bot.db"):
        assert "a part of its path is a file and no folder" in await refuse(url_of(path))
    assert "is a folder" in await refuse(url_of(tmp_path / "folder"))


async def test_a_name_too_long_for_the_disk_is_said(tmp_path: Path) -> None:
    assert "File name too long" in await refuse(url_of(tmp_path / ("x" * 300)))


async def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await make_database(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    expected = (
        f"The database {path} was last used by a newer Cowbell (its schema is 9999, which this "
        "one does not know); run that version again, or restore a backup from before it."
    )
    assert await refuse(url_of(path)) == expected
    with pytest.raises(StoreError) as caught:
        await Database.open_reading(url_of(path))
    assert str(caught.value) == expected


async def test_another_programs_tables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE invoice (id INTEGER)")
    assert "holds another program's tables" in await refuse(url_of(path))
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert names == [("invoice",)]
    assert await Database.open_reading(url_of(path)) is None


async def test_a_database_held_by_another_program_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bot.store.engine.sqlite.BUSY_MS", 50
    )  # nobody waits five seconds for a test
    path = tmp_path / "bot.db"
    await make_database(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "is held by another program" in await refuse(url_of(path))
    await make_database(path)
