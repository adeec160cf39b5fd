"""The tables on PostgreSQL: built by the migrations, and refused where they are others."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.names import Domain
from bot.store.engine.database import Database
from bot.store.engine.migrate import MIGRATIONS, migration_config
from bot.store.engine.probe import DatabaseState, probe
from bot.store.metadata import METADATA
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.watch_records import WatchRecords
from bot.store.watch_tables import WatchedRow
from request_parts import ANN, FRIEND, NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

NAME = {"domain", "from_domain", "subject", "key"}


@pytest.fixture
async def empty_url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database(empty=True) as name:
        yield postgres.url_of(name)


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as name:
        yield postgres.url_of(name)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def run(url: str, statement: str) -> None:
    async with connected(url) as connection:
        await connection.execute(text(statement))


def describe(connection: Connection) -> dict[str, Any]:
    """Return all of the tables that PostgreSQL tells, but for their order of columns."""
    found = inspect(connection)
    return {
        table: (
            {column.pop("name"): str(column) for column in map(dict, found.get_columns(table))},
            found.get_pk_constraint(table),
            sorted(map(str, found.get_indexes(table))),
            sorted(map(str, found.get_unique_constraints(table))),
            sorted(map(str, found.get_foreign_keys(table))),
        )
        for table in sorted(found.get_table_names())
    }


async def test_each_step_up_and_down_can_be_made_and_leads_to_the_tables(empty_url: str) -> None:
    revisions = [each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]

    def step_up_and_down(connection: Connection) -> None:
        config = migration_config(connection)
        steps = []
        for revision in revisions:
            command.upgrade(config, revision)
            steps.append(describe(connection))
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []
        for schema in steps[-2::-1]:
            command.downgrade(config, "-1")
            assert describe(connection) == schema

    async with connected(empty_url) as connection:
        await connection.run_sync(step_up_and_down)


async def test_the_tables_are_where_a_backup_puts_them_whatever_schemas_there_are(
    empty_url: str, postgres: PostgresServer
) -> None:
    database = make_url(empty_url).database
    assert database is not None
    user = await postgres.own(database)
    # By its default a server looks in the schema of the user's name first.
    await run(empty_url, f"CREATE SCHEMA {user} AUTHORIZATION {user}")
    await run(empty_url, f"ALTER ROLE {user} IN DATABASE {database} SET search_path = {user}")
    url = make_url(empty_url).set(username=user).render_as_string(hide_password=False)
    async with await Database.open(url) as opened:
        await RecentDomains(opened).remember(ANN, FRIEND, NOON)
    async with connected(empty_url) as connection:
        query = "SELECT schemaname FROM pg_tables WHERE tablename = 'watched'"
        assert list((await connection.execute(text(query))).scalars()) == ["public"]
    assert await probe(url) is DatabaseState.READY


async def test_a_database_without_the_schema_says_how_to_make_it(empty_url: str) -> None:
    await run(empty_url, "DROP SCHEMA public")
    with pytest.raises(StoreError, match="has no schema public; have its owner make it"):
        await Database.open(empty_url)
    await run(empty_url, "CREATE SCHEMA public")
    await (await Database.open(empty_url)).aclose()


async def test_what_alembic_does_not_compare_is_the_same_too(url: str, empty_url: str) -> None:
    async with connected(empty_url) as connection:
        await connection.run_sync(METADATA.create_all)
        declared = await connection.run_sync(describe)
    async with connected(url) as connection:
        migrated = await connection.run_sync(describe)
    del migrated["alembic_version"]
    assert migrated == declared


async def test_names_of_domains_have_the_order_that_python_has(url: str) -> None:
    query = (
        "SELECT column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'character varying'"
    )
    async with connected(url) as connection:
        found = {(row[0], row[1]) for row in await connection.execute(text(query))}
    assert {name for name, collation in found if collation == "C"} == NAME
    assert {name for name, collation in found if collation is None} & NAME == set()
    # A language looks at the letters first: anna, ann-b, ann.c
    names = ("ann-b.example", "ann.c.example", "anna.example", "a-n.example")
    async with await Database.open(url) as database:
        for name in names:
            await RecentDomains(database).remember(ANN, Domain.from_ascii(name), NOON)
            await WatchRecords(database).add_by_hand(Domain.from_ascii(name), NOON)
        ordered = select(WatchedRow.subject).order_by(WatchedRow.subject)
        told = await database.read(lambda session: list(session.scalars(ordered)))
        asked = [domain.ascii for domain in await RecentDomains(database).of(ANN)]
    assert told == asked == sorted(names)


async def test_a_reader_finds_nothing_yet_what_is_older_and_what_is_there(empty_url: str) -> None:
    assert await Database.open_reading(empty_url) is None
    async with connected(empty_url) as connection:
        await connection.run_sync(lambda sync: command.upgrade(migration_config(sync), "0009"))
    with pytest.raises(StoreError, match="was last used by an older Cowbell"):
        await Database.open_reading(empty_url)
    assert await probe(empty_url) is DatabaseState.OLDER
    async with await Database.open(empty_url) as owner:
        await RecentDomains(owner).remember(ANN, FRIEND, NOON)
        reader = await Database.open_reading(empty_url)
        assert reader is not None
        async with reader:
            assert await RecentDomains(reader).of(ANN) == (FRIEND,)
            with pytest.raises(StoreError, match="was opened for reading only"):
                await RecentDomains(reader).forget(ANN)
            with pytest.raises(StoreError, match="can only be read"):
                await reader.read(lambda session: session.execute(text("DELETE FROM audit")))


async def test_what_a_newer_program_or_another_one_made_is_left_alone(
    url: str, empty_url: str
) -> None:
    await run(url, "UPDATE alembic_version SET version_num = '9999'")
    await run(empty_url, "CREATE TABLE shop (number INTEGER)")
    for open_it in (Database.open, probe):
        with pytest.raises(StoreError, match="was last used by a newer Cowbell"):
            await open_it(url)
        with pytest.raises(StoreError, match="holds another program's tables"):
            await open_it(empty_url)


async def test_a_look_at_the_database_tries_to_write_and_leaves_nothing(
    url: str, empty_url: str
) -> None:
    assert await probe(empty_url) is DatabaseState.ABSENT
    assert await probe(url) is DatabaseState.READY
    async with await Database.open(url):
        assert await probe(url) is DatabaseState.READY  # beside its owner, too
    for each in (url, empty_url):
        async with connected(each) as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert "cowbell_trial" not in names
    assert await probe(empty_url) is DatabaseState.ABSENT


async def test_a_copy_that_can_only_be_read_and_a_user_who_may_not_write_are_said(
    postgres: PostgresServer,
) -> None:
    async with postgres.database() as name:
        url = postgres.url_of(name)
        reader = f"reader_{name}"
        await run(url, f"CREATE ROLE {reader} LOGIN")
        await run(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
        try:
            with pytest.raises(StoreError, match="make the user of DATABASE_URL the owner"):
                await probe(url.replace("postgres@", f"{reader}@"))
        finally:
            await run(url, f"DROP OWNED BY {reader}")
            await run(url, f"DROP ROLE {reader}")
        await run(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with pytest.raises(StoreError, match="is a copy that can only be read"):
            await probe(url)
        async with await Database.open(url) as database:
            with pytest.raises(StoreError, match="is a copy that can only be read"):
                await RecentDomains(database).remember(ANN, FRIEND, NOON)
