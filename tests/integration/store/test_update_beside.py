"""A process of the version before goes on while a newer one brings the database up to date."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from bot.names import Domain
from bot.requests.model import RequestKind
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.store.engine import postgresql
from bot.store.engine.database import Database
from bot.store.engine.engines import create_engine
from bot.store.engine.leadership import open_leadership
from bot.store.engine.migrate import MIGRATIONS, bring_to_head
from bot.store.engine.url import Address
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.recent_domains import RecentDomains
from request_parts import ALL, ANN, NOON, PLACE

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

# As CONTRIBUTING.md says that a migration may be.
LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "HEAD", None, None


def upgrade():
    for table in ("request", "outbox", "recent_domain", "leadership"):
        op.add_column(table, sa.Column("new", sa.String(9)))
        op.add_column(table, sa.Column("newer", sa.Integer(), nullable=False, server_default="0"))
        op.create_index(f"ix_{table}_new", table, ["new"])
"""


async def migrate(address: Address, folder: Path) -> None:
    """What a process of the newer version does at its start."""

    def bring(connection: Connection) -> None:
        postgresql.wait_for_turn(connection)
        assert bring_to_head(connection, address, folder)

    engine = create_engine(address, address.url, reading=False, patient=True)
    async with engine.begin() as connection:
        await connection.run_sync(bring)
    await engine.dispose()


async def test_columns_and_indexes_are_added_while_the_version_before_reads_and_writes(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    (folder / "versions" / "r9999_later.py").write_text(LATER.replace("HEAD", str(head)))
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

    async with postgres.database() as name:
        url = postgres.url_of(name)
        async with (
            await Database.open(url) as database,
            open_leadership(url, waits=False) as first,
            open_leadership(url, waits=False) as second,
        ):
            await first.take()
            store, recent = RequestStore.of(database), RecentDomains(database)
            requests = Requests(store, lambda: NOON, WakeUp(), "dkim", ALL)
            migrated = asyncio.Event()
            async with asyncio.TaskGroup() as members:
                for _ in range(3):
                    members.create_task(go_on(requests, recent, migrated))
                await asyncio.sleep(0.2)
                await migrate(Address.parse(url), folder)
                migrated.set()
            assert first.is_sure()
            await first.leave("as ever")
            await second.take()
            assert second.note == "as ever"
