"""What an SQLite database holds, moved onto a real PostgreSQL: all of it, or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.shared_parts import utc_now
from bot.errors import StoreError
from bot.process_name import Duty, ProcessName
from bot.store.engine.database import Database
from bot.store.engine.lock import ProcessLock
from bot.store.engine.session import present
from bot.store.engine.url import Address
from bot.store.metadata import METADATA
from bot.store.move.database_move import Moved, move_database, read_target
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.server_survey import survey
from filled_store import fill_store, make_rows_up
from request_parts import FRIEND, NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

# It is the leader's on PostgreSQL, and empty on SQLite.
NONE_ON_SQLITE = {"leadership"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def source(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[str]:
    """The name of a database without tables."""
    async with postgres.database(empty=True) as name:
        yield name


async def move(source: str, postgres: PostgresServer, name: str) -> Moved:
    return await move_database(source, read_target(postgres.url_of(name)))


async def refuse(source: str, postgres: PostgresServer, name: str) -> str:
    with pytest.raises(StoreError) as caught:
        await move(source, postgres, name)
    return str(caught.value)


async def make(url: str) -> None:
    await (await Database.open(url)).aclose()


def read(path: Path) -> bytes:
    return path.read_bytes()


def is_there(path: Path) -> bool:
    return path.exists()


def tables_in(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table of an SQLite file, by itself, without our types."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - from there
            for (name,) in names
            if not name.startswith("sqlite_") and name != "alembic_version"
        }


async def tables_at(postgres: PostgresServer, name: str) -> list[str]:
    async with connected(postgres, name) as connection:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return sorted(row[0] for row in rows)


@asynccontextmanager
async def connected(postgres: PostgresServer, name: str) -> AsyncIterator[Any]:
    connection = await postgres.connect(name)
    try:
        yield connection
    finally:
        await connection.close()


def plain(value: Any) -> Any:
    """Return a value of PostgreSQL as SQLite keeps it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
    return int(value) if isinstance(value, bool) else value


async def test_every_row_of_every_table_is_there_afterwards(
    tmp_path: Path, path: Path, source: str, postgres: PostgresServer, empty: str
) -> None:
    await fill_store(tmp_path, source)
    before = tables_in(path)
    assert {name for name, rows in before.items() if not rows} == NONE_ON_SQLITE & set(before)
    await make_rows_up(source, 20)
    before, octets = tables_in(path), read(path)
    moved = await move(source, postgres, empty)
    assert read(path) == octets
    assert set(before) == set(METADATA.tables)
    assert dict(moved.rows) == {name: len(rows) for name, rows in before.items()}
    assert all(len(rows) >= 20 for rows in before.values())
    async with connected(postgres, empty) as connection:
        for table in METADATA.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            query = f"SELECT {columns} FROM {table.name}"  # noqa: S608 - our own names
            with closing(sqlite3.connect(path)) as file:
                here = [repr(row) for row in file.execute(query)]
            there = [repr(tuple(map(plain, row))) for row in await connection.fetch(query)]
            assert sorted(here) == sorted(there), table.name


async def test_the_bot_goes_on_with_it_and_gives_no_number_twice(
    path: Path, source: str, postgres: PostgresServer, empty: str
) -> None:
    async with await Database.open(source) as database:
        checks = StoredChecks(database)
        numbers = [await checks.keep(FRIEND, 1, "{}", 1, NOON) for _ in range(5)]
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM stored_check WHERE id > 2")
    await move(source, postgres, empty)
    async with await Database.open(postgres.url_of(empty)) as database:
        checks = StoredChecks(database)
        assert await checks.get(numbers[1]) is not None
        assert await checks.keep(FRIEND, 1, "{}", 1, NOON) > numbers[-1]


async def test_texts_of_any_characters_that_an_older_bot_kept_come_through(
    path: Path, source: str, postgres: PostgresServer, empty: str
) -> None:
    async with await Database.open(source) as database:
        number = await StoredChecks(database).keep(FRIEND, 1, "{}", 1, NOON)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE stored_check SET report = 'a' || char(0) || 'b'")
    await move(source, postgres, empty)
    async with await Database.open(postgres.url_of(empty)) as database:
        check = await StoredChecks(database).get(number)
    assert check is not None
    assert check.report == "a\0b"


async def test_a_user_who_owns_the_database_and_nothing_else_is_enough(
    source: str, postgres: PostgresServer, empty: str
) -> None:
    async with await Database.open(source) as database:
        number = await StoredChecks(database).keep(FRIEND, 1, "{}", 1, NOON)
    owner = await postgres.own(empty)
    url = postgres.url_of(empty).replace("postgres@", f"{owner}@")
    await move_database(source, read_target(url))
    name = ProcessName(Duty.WORK, 4711, "mail1")
    async with present(url, name), connected(postgres, "postgres"):
        async with await Database.open(url) as database:
            assert await StoredChecks(database).get(number) is not None
        seen = await survey(url, utc_now)
        assert seen is not None
        assert [(one.duty, one.place) for one in seen.processes] == [(name.duty, name.place)]


async def test_an_empty_database_of_ours_is_taken_and_one_with_rows_is_not(
    source: str, postgres: PostgresServer
) -> None:
    async with await Database.open(source) as database:
        await StoredChecks(database).keep(FRIEND, 1, "{}", 1, NOON)
    async with postgres.database() as ours:
        await move(source, postgres, ours)
        assert await refuse(source, postgres, ours) == (
            f"The database {ours} on {postgres.socket_folder} holds rows already (1 in "
            "stored_check); make an empty one for this, with createdb."
        )


async def test_another_programs_database_is_left_alone(
    source: str, postgres: PostgresServer, empty: str
) -> None:
    await make(source)
    async with connected(postgres, empty) as connection:
        await connection.execute("CREATE TABLE invoice (id INTEGER)")
    assert "holds another program's tables" in await refuse(source, postgres, empty)
    assert await tables_at(postgres, empty) == ["invoice"]


async def test_a_bot_that_runs_is_in_the_way_on_both_sides(
    path: Path, source: str, postgres: PostgresServer, empty: str
) -> None:
    async with await Database.open(source):
        assert "is in use by another Cowbell" in await refuse(source, postgres, empty)
    async with present(postgres.url_of(empty), ProcessName(Duty.WORK, 4711, "mail1")):
        assert await refuse(source, postgres, empty) == (
            f"The database {empty} on {postgres.socket_folder} is in use by another Cowbell; "
            "stop all of its processes."
        )
    assert await tables_at(postgres, empty) == []
    ProcessLock.take(Address.parse(source), path).release()  # it was given back


async def test_what_is_no_source_or_no_target_is_said(
    tmp_path: Path, path: Path, source: str, postgres: PostgresServer, empty: str
) -> None:
    assert "There is no database" in await refuse(source, postgres, empty)
    assert not is_there(path)
    assert "names the database x on h already" in await refuse(
        "postgresql+asyncpg://a:hunter2@h/x", postgres, empty
    )
    await make(source)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0001'")
    assert "start the bot once" in await refuse(source, postgres, empty)
    for wrong, says in (
        (f"sqlite+aiosqlite:///{tmp_path}/other.db", "is one of SQLite"),
        ("hunter2", "The URL to move to is not a database URL"),
        ("postgresql+asyncpg://a:hunter2@h/", "The URL to move to names no database"),
        ("postgresql://a:hunter2@h/x", "begins with postgresql"),
    ):
        with pytest.raises(StoreError, match=says) as caught:
            read_target(wrong)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("stage = 'a' || char(0)", "holds a character U+0000 in request.stage of the row 1003,"),
        ("kind = 'seventeen letters'", "holds more than 16 characters in request.kind of"),
        ("attempts = 4294967296", "holds a number over 2147483647 in request.attempts of"),
        ("reason = CAST(x'eda080' AS TEXT)", "something in the table request that cannot be read"),
    ],
)
async def test_what_postgresql_cannot_hold_is_named_and_nothing_is_moved(
    change: str, says: str, path: Path, postgres: PostgresServer, empty: str
) -> None:
    source = f"sqlite+aiosqlite:///{path}"
    await make(source)
    await make_rows_up(source, 2)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"UPDATE request SET {change}, id = 1003 WHERE id = 1007")  # noqa: S608 - above
        file.execute("UPDATE audit SET request_id = 1003 WHERE request_id = 1007")
        file.execute("UPDATE outbox SET request_id = 1003 WHERE request_id = 1007")
        file.execute("UPDATE approved_stage SET request_id = 1003 WHERE request_id = 1007")
    assert says in await refuse(source, postgres, empty)
    assert await tables_at(postgres, empty) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            "NEW.report := NEW.report || ' '; RETURN NEW;",
            "The row 1 of stored_check differs in report",
        ),
        ("RETURN NULL;", "Of 1 rows of stored_check there were 0 afterwards"),
    ],
)
async def test_a_server_that_keeps_something_else_is_found_out(
    body: str, says: str, source: str, postgres: PostgresServer
) -> None:
    async with await Database.open(source) as database:
        await StoredChecks(database).keep(FRIEND, 1, "{}", 1, NOON)
    async with postgres.database() as ours:
        async with connected(postgres, ours) as connection:
            await connection.execute(
                "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql"
                f" AS $$BEGIN {body} END$$;"
                "CREATE TRIGGER change BEFORE INSERT ON stored_check FOR EACH ROW"
                " EXECUTE FUNCTION change()"
            )
        assert says in await refuse(source, postgres, ours)
        async with connected(postgres, ours) as connection:
            assert await connection.fetchval("SELECT count(*) FROM stored_check") == 0
