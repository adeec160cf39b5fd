"""The migrations against the tables that they are meant to build."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Boolean,
    Connection,
    bindparam,
    create_engine,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.errors import StoreError
from bot.store.columns import UtcDateTime
from bot.store.engine.database import Database
from bot.store.engine.migrate import MIGRATIONS, bring_to_head, is_readable, migration_config
from bot.store.engine.revision import write_revision
from bot.store.engine.url import Address
from bot.store.metadata import METADATA
from bot.store.tables import RequestRow
from bot.store.watch_tables import WatchNewsRow
from strict_python import STRICT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session


pytest_plugins = ["store_fixtures"]

SOMEWHERE = Address.parse("sqlite+aiosqlite:///data/bot.db")  # only named in sentences


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{tmp_path}/plain.db", poolclass=NullPool)
    with engine.begin() as opened:
        yield opened


def read_schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as opened:
        return opened.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        ).fetchall()


async def test_the_migrated_schema_is_that_of_the_tables(tmp_path: Path) -> None:
    def compare(session: Session) -> list[object]:
        context = MigrationContext.configure(
            session.connection(), opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, METADATA))

    async with await Database.open(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as database:
        assert await database.read(compare) == []


def test_what_alembic_does_not_compare_is_the_same_too(connection: Connection) -> None:
    METADATA.create_all(connection)
    declared = describe(connection)
    METADATA.drop_all(connection)
    command.upgrade(migration_config(connection), "head")
    connection.execute(text("DROP TABLE alembic_version"))
    assert describe(connection) == declared


def describe(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    # SQLite writes down a column that was added with other blanks than one that was there at first.
    return {row.name: re.sub(r"\s*([,()])\s*|\s+", r"\1 ", row.sql) for row in rows}


def test_down_to_nothing_and_up_again_is_the_same_schema(connection: Connection) -> None:
    config = migration_config(connection)
    command.upgrade(config, "head")
    first = describe(connection)
    command.downgrade(config, "base")
    assert set(inspect(connection).get_table_names()) - {"sqlite_sequence"} == {"alembic_version"}
    command.upgrade(config, "head")
    assert describe(connection) == first


def test_the_tables_can_be_built_by_postgresql_too() -> None:
    dialect = make_url("postgresql://").get_dialect()()
    tables = METADATA.sorted_tables
    built = "".join(str(CreateTable(table).compile(dialect=dialect)) for table in tables)
    built += "".join(
        str(CreateIndex(index).compile(dialect=dialect))
        for table in tables
        for index in table.indexes
    )
    assert built.count("id BIGSERIAL NOT NULL") == 13
    assert "asked_at TIMESTAMP WITH TIME ZONE" in built
    assert "WHERE superseded_at IS NULL" in built
    assert "WHERE closed_at IS NULL" in built


def test_there_is_one_head_and_one_base(connection: Connection) -> None:
    script = ScriptDirectory.from_config(migration_config(connection))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


async def test_opening_an_up_to_date_database_again_changes_no_schema(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    url = f"sqlite+aiosqlite:///{path}"
    await (await Database.open(url)).aclose()
    schema = read_schema(path)
    await (await Database.open(url)).aclose()
    assert read_schema(path) == schema


async def test_an_emptied_database_is_migrated_again(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    url = f"sqlite+aiosqlite:///{path}"
    await (await Database.open(url)).aclose()
    schema = read_schema(path)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as opened:
        command.downgrade(migration_config(opened), "base")
    assert await Database.open_reading(url) is None
    await (await Database.open(url)).aclose()
    assert read_schema(path) == schema


def head() -> str:
    found = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert found is not None
    return found


@pytest.fixture
def later_migrations(tmp_path: Path) -> Path:
    """Those of a later program, which builds a table anew for one more column."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "r9999_later.py").write_text(LATER.replace("HEAD", head()))
    return folder


LATER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "HEAD"


def upgrade():
    with op.batch_alter_table("recent_domain", recreate="always") as table:
        table.add_column(sa.Column("times", sa.Integer(), server_default="1", nullable=False))
"""


def test_a_reader_of_an_older_schema_is_told_to_start_the_bot(
    connection: Connection, later_migrations: Path
) -> None:
    bring_to_head(connection, SOMEWHERE)
    assert is_readable(connection, SOMEWHERE)
    with pytest.raises(StoreError, match="was last used by an older Cowbell; start the bot once"):
        is_readable(connection, SOMEWHERE, later_migrations)


def test_an_older_schema_is_brought_up_to_date_with_its_rows(
    connection: Connection, later_migrations: Path
) -> None:
    bring_to_head(connection, SOMEWHERE)
    connection.execute(
        text(
            "INSERT INTO recent_domain (member_id, domain, asked_at)"
            " VALUES (1, 'friend.example', '2026-11-22 12:00:00')"
        )
    )
    bring_to_head(connection, SOMEWHERE, later_migrations)
    assert connection.execute(text("SELECT * FROM recent_domain")).all() == [
        (1, "friend.example", "2026-11-22 12:00:00", None, 1)
    ]
    with pytest.raises(StoreError, match="was last used by a newer Cowbell"):
        bring_to_head(connection, SOMEWHERE)


def test_a_record_that_was_given_up_before_the_update_is_known_as_lost(
    connection: Connection,
) -> None:
    config = migration_config(connection)
    command.upgrade(config, "0004")
    at = "2026-11-22 12:00:00"
    for number, arrived in ((1, None), (2, 7), (3, None)):
        connection.execute(
            text(
                "INSERT INTO request (id, kind, domain, guild_id, channel_id, member_id, state,"
                " version, created_at, changed_at, attempts, reason, by_hand, value, selector,"
                " seen, evidence, message_id) VALUES (:number, 'dkim', :domain, 1, 2, 3,"
                " 'waiting', 4, :at, :at, 0, '', 0, '', '', '', '', :arrived)"
            ),
            {"number": number, "domain": f"{number}.example", "at": at, "arrived": arrived},
        )
        connection.execute(
            text(
                "INSERT INTO outbox (request_id, version, what, target, nonce, created_at, due_at,"
                " attempts, ended_at, message_id, detail) VALUES (:number, 4, 'member-record',"
                " 'member', :nonce, :at, :at, 1, :ended, :arrived, '')"
            ),
            {
                "number": number,
                "nonce": str(number),
                "at": at,
                "ended": None if number == 3 else at,
                "arrived": arrived,
            },
        )
    command.upgrade(config, "head")
    found = connection.execute(text("SELECT undelivered FROM request ORDER BY id")).scalars()
    assert list(found) == ["given-up", None, None]


async def test_old_news_and_requests_get_what_indexes_find_them_by(database_url: str) -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def write_and_migrate(session: Session) -> None:
        connection = session.connection()
        command.downgrade(migration_config(connection), "0009")
        for number, (key, what) in enumerate(
            (("incidents:a.example:0:o1", "incidents"), ("digest:0:2026-W40", "digest")), 1
        ):
            connection.execute(
                text(
                    "INSERT INTO watch_news (id, key, what, target, facts, nonce, version,"
                    " created_at, due_at, attempts, detail) VALUES (:number, :key, :what, 0, '{}',"
                    " :key, 1, :at, :at, 0, '')"
                ).bindparams(bindparam("at", type_=UtcDateTime)),
                {"number": number, "key": key, "what": what, "at": at},
            )
        for number, member, closed in ((1, 7, at), (2, -7, at), (3, -7, None)):
            connection.execute(
                text(
                    "INSERT INTO request (id, kind, domain, guild_id, channel_id, member_id, state,"
                    " version, created_at, changed_at, closed_at, attempts, reason, by_hand, value,"
                    " selector, seen, evidence) VALUES (:number, 'dkim', :domain, 1, 2, :member,"
                    " 'closed', 4, :at, :at, :closed, 0, '', :no, '', '', '', '')"
                ).bindparams(
                    bindparam("at", type_=UtcDateTime),
                    bindparam("closed", type_=UtcDateTime),
                    bindparam("no", value=False, type_=Boolean),
                ),
                {
                    "number": number,
                    "domain": f"{number}.example",
                    "member": member,
                    "at": at,
                    "closed": closed,
                },
            )
        command.upgrade(migration_config(connection), "head")

    async with await Database.open(database_url) as database:
        await database.take(write_and_migrate)
        news = select(WatchNewsRow.subject).order_by(WatchNewsRow.id)
        requests = select(RequestRow.cleared).order_by(RequestRow.id)
        assert await database.read(lambda session: session.scalars(news).all()) == [
            "a.example",
            None,
        ]
        assert await database.read(lambda session: session.scalars(requests).all()) == [
            False,
            True,
            False,
        ]


def test_a_new_revision_of_unchanged_tables_has_nothing_to_do(
    connection: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    path = write_revision(connection, "nothing at all", folder)
    assert path.parent == folder / "versions"
    assert path.name == f"r{int(head()) + 1:04}_nothing_at_all.py"
    written = path.read_text()
    assert '"""nothing at all."""' in written
    assert "op.create" not in written
    assert "op.batch" not in written


def test_a_new_revision_without_words_is_refused() -> None:
    done = subprocess.run(
        [*STRICT, "-m", "bot.store.engine.revision"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Say what changes: ")
