"""The room on the disk that stored checks take, whatever their zones hold."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.checks.export.archive import LARGEST, load_report
from bot.services.privacy import LATEST, OTHERS
from bot.services.retention import Retention
from bot.store.repositories import stored_checks
from bot.store.repositories.stored_checks import MOST, StoredChecks
from hostile_checks import check_hostile_zones, open_service, room_of
from request_parts import ANN, BEN, FRIEND, MOVER, NOON

if TYPE_CHECKING:
    from bot.store.engine.database import Database

EMPTY = 6_000_000  # octets of a database without checks, and of its log, which is reused at 4 MB
PAGES = 1.3  # what whole pages and the index take besides
MORE_MEMORY = 30_000_000  # octets that 4,500 checks may add; a single zone here has 480,000

_log = logging.getLogger(__name__)

pytest_plugins = ["store_fixtures"]


def reports_of(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as connection:
        return [text for (text,) in connection.execute("SELECT report FROM stored_check")]


def memory_used() -> int:
    """Return the octets of this process in the machine's memory, name server and tests included."""
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return resident * os.sysconf("SC_PAGE_SIZE")


def pages_of(store: Path) -> int:
    """Return the octets of the database's pages, free ones among them."""
    with closing(sqlite3.connect(store)) as connection:
        ((pages,),) = connection.execute("PRAGMA page_count")
        ((size,),) = connection.execute("PRAGMA page_size")
    return int(pages) * int(size)


async def test_a_check_of_the_longest_texts_is_stored_in_little_room(tmp_path: Path) -> None:
    store = tmp_path / "bot.db"
    async with open_service(store) as service:
        await check_hostile_zones(service, 8, ANN)
    reports = reports_of(store)
    assert len(reports) == 8
    _log.warning("octets of a hostile check: %d at most", max(len(r.encode()) for r in reports))
    for text in reports:
        assert len(text.encode()) <= LARGEST
        assert load_report(text).findings
    assert pages_of(store) < 500_000 + 8 * LARGEST * PAGES


async def test_one_member_fills_no_more_than_their_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_checks, "MOST", 4)
    store = tmp_path / "bot.db"
    async with open_service(store) as service:
        await check_hostile_zones(service, 5, ANN)
        before = pages_of(store)
        await check_hostile_zones(service, 8, ANN)
        assert len(reports_of(store)) == 4
        assert pages_of(store) < before + 2 * LARGEST  # what is free is used again
        await check_hostile_zones(service, 1, BEN)  # is not at their expense
        assert len(reports_of(store)) == 5


@pytest.mark.slow
async def test_memory_and_disk_are_bounded_after_five_thousand_hostile_checks(
    tmp_path: Path,
) -> None:
    store, disk, memory = tmp_path / "bot.db", [], []
    async with open_service(store) as service:
        for _ in range(10):
            await check_hostile_zones(service, 500, ANN)
            disk.append(room_of(store))
            memory.append(memory_used())
    _log.warning("octets on the disk after each 500 checks: %s", disk)
    _log.warning("octets of memory after each 500 checks: %s", memory)
    assert len(reports_of(store)) == MOST
    assert max(disk) < EMPTY + MOST * LARGEST * PAGES
    assert disk[-1] < disk[2] * 1.1  # from when the member's room is full
    assert memory[-1] < memory[0] + MORE_MEMORY


async def test_the_latest_checks_of_a_member_and_domain_stay_and_others_a_week(
    database: Database,
) -> None:
    checks, time = StoredChecks(database), [NOON]
    retention = Retention(database, lambda: time[0])
    first = [await checks.keep(FRIEND, ANN, "{}", 3, NOON) for _ in range(LATEST + 5)]
    others = [
        await checks.keep(domain, member, "{}", 3, NOON)
        for domain, member in ((MOVER, ANN), (FRIEND, BEN), (FRIEND, None))
        for _ in range(3)
    ]
    time[0] += OTHERS
    assert await retention.step() == 0
    time[0] += timedelta(days=1)
    assert await retention.step() == 5
    assert [await checks.get(number) is None for number in first] == [True] * 5 + [False] * LATEST
    assert all([await checks.get(number) is not None for number in others])
    assert await retention.step() == 0
    time[0] = NOON + timedelta(days=401)
    assert await retention.step() == LATEST + len(others)


async def test_checks_of_one_member_take_nothing_from_those_of_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_checks, "MOST", 3)
    checks = StoredChecks(database)
    of_ben = await checks.keep(FRIEND, BEN, "{}", 3, NOON)
    of_nobody = [await checks.keep(FRIEND, None, "{}", 3, NOON) for _ in range(5)]
    of_ann = [await checks.keep(FRIEND, ANN, "{}", 3, NOON) for _ in range(5)]
    assert [await checks.get(n) is None for n in of_ann] == [True, True, False, False, False]
    assert await checks.get(of_ben) is not None
    assert all([await checks.get(n) is not None for n in of_nobody])
