"""A look at the database beside its owner: it finds out whether it can be used, and leaves it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.names import Domain
from bot.store.engine.database import Database
from bot.store.engine.probe import DatabaseState, probe
from bot.store.repositories.recent_domains import RecentDomains

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_beside_its_owner_nothing_is_changed_and_the_owner_goes_on(
    path: Path, url: str
) -> None:
    async with await Database.open(url) as database:
        recent = RecentDomains(database)
        for _ in range(3):
            assert await probe(url) is DatabaseState.READY
            await recent.remember(1, Domain.from_ascii("friend.example"), datetime.now(UTC))
        tables = await asyncio.to_thread(_tables, path)
    assert "cowbell_trial" not in tables


async def test_after_its_owner_no_helper_files_are_left(path: Path, url: str) -> None:
    async with await Database.open(url):
        pass
    before = _octets(path)
    assert await probe(url) is DatabaseState.READY
    assert _octets(path) == before
    assert _files(path) == ["bot.db", "bot.db.lock"]


async def test_an_older_one_is_told_and_not_migrated(path: Path, url: str) -> None:
    async with await Database.open(url):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.commit()
    assert await probe(url) is DatabaseState.OLDER
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


@pytest.mark.parametrize("octets", [None, b""])
async def test_none_yet_is_absent_and_not_made(path: Path, url: str, octets: bytes | None) -> None:
    if octets is not None:
        _write(path, octets)
    assert await probe(url) is DatabaseState.ABSENT
    assert _is_there(path) is (octets is not None)
    assert await probe("sqlite+aiosqlite:///:memory:") is DatabaseState.ABSENT


async def test_a_writer_in_the_way_is_waited_for_and_then_named(path: Path, url: str) -> None:
    async with await Database.open(url):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreError, match="held by another program"):
            await probe(url)
    assert 4 < time.monotonic() - started < 9


@pytest.mark.parametrize(
    ("place", "says"),
    [("file/bot.db", "a part of its path is a file"), ("folder", "is a folder")],
)
async def test_a_place_that_cannot_be_is_said(tmp_path: Path, place: str, says: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=says):
        await probe(f"sqlite+aiosqlite:///{tmp_path / place}")


def _tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {row[0] for row in database.execute("SELECT name FROM sqlite_master")}


def _octets(path: Path) -> bytes:
    return path.read_bytes()


def _write(path: Path, octets: bytes) -> None:
    path.write_bytes(octets)


def _is_there(path: Path) -> bool:
    return path.exists()


def _files(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())
