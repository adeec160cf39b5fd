"""Backups of an SQLite file that is in use, and putting one back."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.requests.model import RequestKind
from bot.store.backup.backup import back_up, restore
from bot.store.backup.database_copy import connect
from bot.store.engine.database import Database
from bot.store.engine.migrate import migration_config
from bot.store.repositories.stored_checks import StoredChecks
from request_parts import ANN, COWHERD, FRIEND, MOVER, PLACE, Setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.store.backup.database_copy import CopyContents
    from forked_python import ForkedPython

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ASIDE = "bot.db.before-restore-20261122T120000Z"
# Writes a check and is gone without a word, as after kill -9: the row is in the log alone.
KILLED = """
import asyncio, datetime, os, sys
from bot.names import Domain
from bot.store.engine.database import Database
from bot.store.repositories.stored_checks import StoredChecks
async def main():
    database = await Database.open(sys.argv[1])
    now = datetime.datetime.now(datetime.UTC)
    await StoredChecks(database).keep(Domain.from_ascii("late.example"), 7, "{}", 1, now)
    os._exit(0)
asyncio.run(main())
"""


@pytest_asyncio.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Setup]:
    """Two requests, one of them handed out, with their messages; the bot is at work."""
    parts = await Setup(tmp_path).open()
    first = await parts.requests.open(RequestKind.DKIM, FRIEND, PLACE, ANN)
    await parts.requests.approve(first.request.id, COWHERD)
    await parts.settle()
    await parts.requests.open(RequestKind.DMARC, MOVER, PLACE, ANN)
    yield parts
    await parts.close()


def url(parts: Setup) -> str:
    return f"sqlite+aiosqlite:///{parts.folder}/bot.db"


def write_and_be_killed(parts: Setup, python: ForkedPython) -> None:
    done = python.run(["-c", KILLED, url(parts)], env={}, cwd=parts.folder)
    assert done.returncode == 0, done.stderr


def rows(path: Path) -> list[str]:
    with closing(connect(path)) as connection:
        return list(connection.iterdump())


def save(parts: Setup, name: str = "saved.db") -> tuple[Path, CopyContents]:
    path = parts.folder / name
    return path, back_up(url(parts), path)


def put_back(parts: Setup, path: Path) -> Path | None:
    return restore(url(parts), path, NOON).kept


def refusal(parts: Setup, path: Path) -> str:
    before = {file: file.read_bytes() for file in parts.folder.glob("bot.db*")}
    with pytest.raises(StoreError) as caught:
        restore(url(parts), path, NOON)
    after = {file: file.read_bytes() for file in parts.folder.glob("bot.db*")}
    assert after.keys() - before.keys() <= {parts.folder / "bot.db.lock"}
    assert all(after[file] == content for file, content in before.items() if file.suffix == ".db")
    assert not list(parts.folder.glob("*.part*"))
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


async def test_a_backup_is_one_private_file_that_says_what_it_holds(parts: Setup) -> None:
    path, contents = save(parts)
    assert contents.counts == {
        "requests": 2, "still_open": 2, "checks": 0, "domains": 0, "keys": 1,
    }  # fmt: skip
    assert contents.size == path.stat().st_size
    assert contents.is_current
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in parts.folder.glob("*saved*")] == ["saved.db"]
    assert rows(path) == rows(parts.folder / "bot.db")


async def test_a_restore_gives_every_row_back(parts: Setup) -> None:
    path, _ = save(parts)
    saved = rows(path)
    await parts.requests.deny(2, COWHERD, "no")
    await parts.settle()
    await parts.close()
    changed = rows(parts.folder / "bot.db")
    kept = put_back(parts, path)
    assert rows(parts.folder / "bot.db") == saved
    assert kept == parts.folder / ASIDE
    assert rows(kept) == changed != saved
    # The bot goes on from there, and sends what was not sent then.
    await parts.open()
    await parts.store.requests.release_messages()
    assert [request.id for request in await parts.requests.open_requests()] == [1, 2]
    assert await parts.messages_left() == 1
    await parts.settle()
    assert await parts.messages_left() == 0


async def test_while_a_backup_is_made_the_bot_writes_on_and_nothing_is_torn(parts: Setup) -> None:
    checks = StoredChecks(parts.database)
    for _ in range(40):
        await checks.keep(FRIEND, ANN, "x" * 1_000_000, 1, NOON)
    number, longest, loop = 0, 0.0, asyncio.get_running_loop()
    most, turn = 0, 0
    # A busy machine may leave the bot no time beside a backup; it has to have some beside one.
    while turn < 3 or (most < 2 and turn < 20):
        turn += 1
        path = parts.folder / f"saved-{turn}.db"
        saving = asyncio.create_task(asyncio.to_thread(back_up, url(parts), path))
        before = number
        while not saving.done():
            began = loop.time()
            request = (await parts.requests.open(RequestKind.DKIM, MOVER, PLACE, ANN)).request
            await parts.requests.withdraw(request.id, ANN)
            number, longest = number + 1, max(longest, loop.time() - began)
        await saving
        most = max(most, number - before)
        with closing(connect(path)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            # Each of these has an entry in the audit for its opening, and one for its end.
            (torn,) = copy.execute(
                "SELECT count(*) FROM request WHERE kind = 'dkim' AND domain = 'mover.example' "
                "AND (SELECT count(*) FROM audit WHERE request_id = request.id) "
                "!= 1 + (closed_at IS NOT NULL)"
            ).fetchone()
            assert torn == 0
    assert most >= 2  # writes that ended before the backup did
    assert longest < 4  # seconds; a writer that is kept out gives up after five


async def test_a_restore_refuses_while_the_bot_runs(parts: Setup) -> None:
    path, _ = save(parts)
    said = refusal(parts, path)
    assert f"is in use by another Cowbell (process {os.getpid()}); stop that one first" in said


async def test_a_restore_waits_for_no_other_program(
    parts: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = save(parts)
    await parts.close()
    monkeypatch.setattr("bot.store.backup.database_copy._WAIT", 0.1)
    with closing(sqlite3.connect(parts.folder / "bot.db")) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        assert "is held by another program" in refusal(parts, path)


async def test_what_a_killed_bot_had_not_folded_in_is_saved_and_kept(
    parts: Setup, forked_python: ForkedPython
) -> None:
    path, _ = save(parts)
    await parts.close()
    write_and_be_killed(parts, forked_python)
    assert (parts.folder / "bot.db-wal").stat().st_size > 0
    again, contents = save(parts, "again.db")
    assert contents.counts["checks"] == 1
    kept = put_back(parts, path)
    assert kept is not None
    assert "late.example" in "".join(rows(kept))
    assert rows(parts.folder / "bot.db") == rows(path)
    assert put_back(parts, again) == parts.folder / f"{ASIDE}-2"
    assert "late.example" in "".join(rows(parts.folder / "bot.db"))
    assert not list(parts.folder.glob("bot.db-*"))


async def test_a_backup_that_is_copied_into_place_by_hand_is_the_database(
    parts: Setup, forked_python: ForkedPython
) -> None:
    path, _ = save(parts)
    await parts.close()
    write_and_be_killed(parts, forked_python)
    for helper in ("bot.db-wal", "bot.db-shm"):
        (parts.folder / helper).unlink()
    shutil.copy(path, parts.folder / "bot.db")
    await parts.open()
    assert rows(parts.folder / "bot.db") == rows(path)
    assert len(await parts.requests.open_requests()) == 2


async def test_a_damaged_database_is_kept_with_its_log_and_replaced(
    parts: Setup, forked_python: ForkedPython
) -> None:
    path, _ = save(parts)
    await parts.close()
    write_and_be_killed(parts, forked_python)
    database, log = parts.folder / "bot.db", parts.folder / "bot.db-wal"
    database.write_bytes(b"x" * 5000)
    log.write_bytes(b"y" * 5000)
    with pytest.raises(StoreError, match="no backup was made of it"):
        save(parts, "again.db")
    log.write_bytes(b"y" * 5000)
    kept = put_back(parts, path)
    assert rows(database) == rows(path)
    assert kept is not None
    assert kept.read_bytes() == b"x" * 5000
    assert not log.exists()
    await parts.open()
    assert len(await parts.requests.open_requests()) == 2


async def test_a_backup_goes_to_a_new_machine(parts: Setup, tmp_path: Path) -> None:
    path, _ = save(parts)
    target = tmp_path / "new" / "data" / "bot.db"
    restored = restore(f"sqlite+aiosqlite:///{target}", path, NOON)
    assert restored.kept is None
    assert rows(target) == rows(path)
    assert target.stat().st_mode & 0o777 == 0o600


async def test_a_database_behind_a_link_stays_behind_it(parts: Setup, tmp_path: Path) -> None:
    path, _ = save(parts)
    await parts.close()
    link = tmp_path / "link.db"
    link.symlink_to(parts.folder / "bot.db")
    restore(f"sqlite+aiosqlite:///{link}", path, NOON)
    assert link.is_symlink()
    assert rows(parts.folder / "bot.db") == rows(path)


async def test_a_backup_of_an_older_cowbell_is_brought_up_to_date_at_the_start(
    parts: Setup, tmp_path: Path
) -> None:
    path, _ = save(parts)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as older:
        command.downgrade(migration_config(older), "0001")  # before there were requests
    await parts.close()
    contents = restore(url(parts), path, NOON).contents
    assert not contents.is_current
    assert contents.counts["requests"] == 0
    await parts.open()
    assert await parts.requests.open_requests() == ()


async def test_a_backup_of_a_newer_cowbell_is_refused(parts: Setup) -> None:
    path, _ = save(parts)
    await parts.close()
    with closing(connect(path)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    assert f"{path} was last used by a newer Cowbell" in refusal(parts, path)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TABLE alembic_version", "holds nothing of Cowbell's; restore another one"),
        (
            "UPDATE audit SET request_id = 99",
            "is damaged (a row points at another that is gone); restore another one",
        ),
    ],
)
async def test_a_backup_that_does_not_hold_together_is_refused(
    parts: Setup, statement: str, words: str
) -> None:
    path, _ = save(parts)
    await parts.close()
    with closing(connect(path)) as other:
        other.execute(statement)
    assert words in refusal(parts, path)


async def test_a_backup_with_a_page_of_nonsense_is_refused(parts: Setup) -> None:
    path, _ = save(parts)
    await parts.close()
    content = bytearray(path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    path.write_bytes(content)
    assert "damaged" in refusal(parts, path)
    path.write_bytes(content[: len(content) // 2])
    assert "damaged" in refusal(parts, path)
    path.write_text("These are no pages.\n" * 1000)
    assert "damaged" in refusal(parts, path)


async def test_what_is_no_backup_is_refused(parts: Setup) -> None:
    await parts.close()
    assert "There is no backup" in refusal(parts, parts.folder / "nothing.db")
    assert "is a folder" in refusal(parts, parts.folder)
    assert "is the database itself" in refusal(parts, parts.folder / "bot.db")
    (parts.folder / "empty.db").touch()
    assert "holds nothing of Cowbell's" in refusal(parts, parts.folder / "empty.db")


@pytest.mark.parametrize(
    ("name", "force", "words"),
    [
        ("here.db", False, "is there already; name another file, or add --force"),
        ("bot.db", True, "is the database itself"),
        ("bot.db-wal", True, "is the database itself"),
        ("bot.db.lock", True, "is the database itself"),
        ("twin.db", True, "is the database itself"),
        ("mail", True, "is a folder; name a file in it"),
        ("none/saved.db", False, "There is no folder"),
        ("here.db/saved.db", False, "There is no folder"),
    ],
)
async def test_a_backup_never_takes_a_place_that_is_not_its_own(
    parts: Setup, name: str, force: bool, words: str
) -> None:
    (parts.folder / "here.db").write_text("mine")
    os.link(parts.folder / "bot.db", parts.folder / "twin.db")
    with pytest.raises(StoreError, match=words):
        back_up(url(parts), parts.folder / name, force=force)
    assert (parts.folder / "here.db").read_text() == "mine"
    assert not list(parts.folder.rglob("*.part*"))


async def test_a_backup_replaces_another_where_that_is_wanted(parts: Setup) -> None:
    (parts.folder / "here.db").write_text("mine")
    back_up(url(parts), parts.folder / "here.db", force=True)
    assert rows(parts.folder / "here.db") == rows(parts.folder / "bot.db")
    assert (parts.folder / "here.db").stat().st_mode & 0o777 == 0o600


async def test_a_damaged_database_is_not_backed_up_over_a_good_backup(parts: Setup) -> None:
    path, _ = save(parts)
    await parts.close()
    good = path.read_bytes()
    with closing(connect(parts.folder / "bot.db")) as damaged:
        damaged.execute("UPDATE audit SET request_id = 99")
    with pytest.raises(StoreError, match=r"is damaged .* no backup was made of it"):
        back_up(url(parts), path, force=True)
    assert path.read_bytes() == good


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sqlite+aiosqlite:///{}/none.db", "There is no database .* yet"),
        ("sqlite+aiosqlite://", "in memory"),
        ("postgresql+asyncpg://cow:wake_up@db/cow", "cow on db is not an SQLite file; .* pg_dump"),
    ],
)
def test_without_a_file_there_is_nothing_to_back_up(
    tmp_path: Path, address: str, words: str
) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        back_up(address.format(tmp_path), tmp_path / "saved.db")
    assert "wake_up" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


async def test_a_backup_is_opened_like_any_database(parts: Setup, tmp_path: Path) -> None:
    path, _ = save(parts)
    copy = Path(shutil.copy(path, tmp_path / "copy.db"))
    database = await Database.open(f"sqlite+aiosqlite:///{copy}")
    await database.aclose()
