"""A process of the version before goes on while a newer one brings the database up to date."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from functools import partial
from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from bot.names import Domain
from bot.requests.model import RequestKind
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.store.engine import database as database_module
from bot.store.engine.database import Database
from bot.store.engine.leadership import open_leadership
from bot.store.engine.migrate import MIGRATIONS, bring_to_head
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.recent_domains import RecentDomains
from max_wait import MAX_WAIT
from request_parts import ALL, ANN, NOON, PLACE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

TABLES = ("outbox", "request", "recent_domain", "leadership")
_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation IS NOT NULL AND NOT granted)"
# As CONTRIBUTING.md says that a migration may be.
LATER = """
import sqlalchemy as sa
from alembic import op

TABLES = WHICH
revision, down_revision, branch_labels, depends_on = "9999", "HEAD", None, None


def upgrade():
    for table in TABLES:
        op.add_column(table, sa.Column("new", sa.String(9)))
        op.add_column(table, sa.Column("newer", sa.Integer(), nullable=False, server_default="0"))
        op.create_index(f"ix_{table}_new", table, ["new"])
"""


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a database is opened as the newer version opens it."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    (folder / "versions" / "r9999_later.py").write_text(
        LATER.replace("HEAD", str(head)).replace("WHICH", str(TABLES))
    )
    monkeypatch.setattr(database_module, "bring_to_head", partial(bring_to_head, folder=folder))


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database as the version before made it."""
    async with postgres.database() as name:
        yield postgres.url_of(name)


async def has_new_columns(database: Database) -> bool:
    asked = text("SELECT count(*) FROM information_schema.columns WHERE column_name = 'newer'")
    return await database.read(lambda session: session.scalar(asked) == len(TABLES))


async def test_columns_and_indexes_are_added_while_the_version_before_reads_and_writes(
    url: str, request: pytest.FixtureRequest
) -> None:
    numbers = itertools.count()

    async def go_on(requests: Requests, recent: RecentDomains, migrated: asyncio.Event) -> None:
        left = 5  # times after it
        while left:
            left -= migrated.is_set()
            number = next(numbers)
            domain = Domain.from_ascii(f"n{number}.example")
            opened = await requests.open(RequestKind.DKIM, domain, PLACE, ANN + number)
            assert (await requests.get(opened.request.id)) is not None
            await recent.remember(ANN + number, domain, NOON)
            assert domain in await recent.of(ANN + number)

    async with (
        await Database.open(url) as before,
        open_leadership(url, waits=False) as first,
        open_leadership(url, waits=False) as second,
    ):
        await first.take()
        recent = RecentDomains(before)
        requests = Requests(RequestStore.of(before), lambda: NOON, WakeUp(), "dkim", ALL)
        request.getfixturevalue("later")
        migrated = asyncio.Event()
        async with asyncio.TaskGroup() as members:
            for _ in range(3):
                members.create_task(go_on(requests, recent, migrated))
            await asyncio.sleep(0.2)
            async with await Database.open(url) as newer:
                assert await has_new_columns(newer)
            migrated.set()
        assert first.is_sure()
        await first.leave("as ever")
        await second.take()
        assert second.note == "as ever"


@pytest.mark.slow  # the server looks for deadlocks after a second
@pytest.mark.usefixtures("later")
async def test_who_migrates_tries_again_where_the_version_before_and_it_wait_for_each_other(
    url: str, postgres: PostgresServer
) -> None:
    connection = await postgres.connect(make_url(url).database or "")
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE {TABLES[1]} IN ROW EXCLUSIVE MODE")
        opening = asyncio.create_task(Database.open(url))
        async with asyncio.timeout(MAX_WAIT):
            while not await connection.fetchval(_WAITS):  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.02)
        await connection.execute(f"LOCK TABLE {TABLES[0]} IN ROW EXCLUSIVE MODE")
        assert not opening.done()
    await connection.close()
    async with await opening as newer:
        assert await has_new_columns(newer)
