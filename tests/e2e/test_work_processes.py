"""Several `python -m bot work` on one PostgreSQL share what is due: all is done, and once."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from discord_payloads import CHANNEL, GUILD
from sqlalchemy import select
from worker_process import WITH_SHORT_LEASES, Workers

from bot.app.work_parts import ALONE, make_requests, open_foundation
from bot.config.loading import load_settings
from bot.demo import world
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import parse_zone
from bot.names import Domain
from bot.requests.model import RequestKind, State
from bot.store.engine.database import Database
from bot.store.engine.notices import open_notices
from bot.store.repositories.watched_domains import WatchedDomains
from bot.store.watch_tables import WatchedRow
from bot.watch.domain_list import make_listing
from connected_notices import wait_until_connected
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from console_process import ConsoleProcess

    from bot.requests.backend import MailBackend
    from bot.requests.service import Requests
    from forked_python import ForkedPython
    from postgres_server import PostgresServer

pytest_plugins = ["process_fixtures", "store_fixtures"]

MAIL = '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"'
WATCHED = tuple(f"farm-{number:03}.example" for number in range(200))
SEEN_ONCE = 2  # a row begins with version 1, and each look that counts makes it one more


def now() -> datetime:
    return datetime.now(UTC)


async def until(is_so: Callable[[], Awaitable[bool]], *, every: float = 0.05) -> None:
    """Return as soon as something is so; it is looked at every so many seconds."""
    async with asyncio.timeout(MAX_WAIT):
        while not await is_so():  # noqa: ASYNC110 - what other processes do tells nobody here
            await asyncio.sleep(every)


@dataclass
class Farm:
    """A database with domains that are due, a name server that has them, and workers."""

    database: Database
    dns: ZoneServer
    workers: Workers

    async def have_due(self, names: tuple[str, ...]) -> None:
        """Have a look due at each of these domains."""
        listing = make_listing(map(Domain.from_ascii, names), is_first=False, at=now())
        await WatchedDomains(self.database).note_listing(listing, now())

    async def wake(self) -> None:
        """Have the workers look at once what is due."""
        async with open_notices(self.workers.url) as notices:
            assert notices is not None
            await wait_until_connected(notices)
            assert await notices.send("watch", "")

    async def versions(self) -> Counter[int]:
        """Count the domains by their versions."""
        rows = select(WatchedRow.version)
        return Counter(await self.database.read(lambda session: session.scalars(rows).all()))

    async def leased(self) -> int:
        """Count the domains that somebody has taken."""
        rows = select(WatchedRow.subject).where(WatchedRow.lease_until.is_not(None))
        return len(await self.database.read(lambda session: session.scalars(rows).all()))

    async def wait_until_seen(self, number: int) -> None:
        """Return when so many domains were looked at."""

        async def are_seen() -> bool:
            versions = await self.versions()
            return versions.total() - versions[1] >= number

        await until(are_seen)

    async def is_asked(self) -> bool:
        """Whether a look has begun."""
        return bool(self.asked())

    def asked(self) -> Counter[str]:
        """Count by domain how often its MX record was asked for."""
        return Counter(
            {
                question.name.to_text(omit_final_dot=True): times
                for question, times in self.dns.asked.items()
                if question.rdtype.name == "MX" and question.name.labels[0].startswith(b"farm-")
            }
        )


@asynccontextmanager
async def open_farm(
    postgres: PostgresServer, folder: Path, python: ForkedPython, **more: str
) -> AsyncIterator[Farm]:
    zones = world.zones()
    for each in WATCHED:
        zones = zones.with_zone(parse_zone(each, MAIL))
    async with (
        postgres.database() as name,
        ZoneServer(zones) as dns,
        await Database.open(postgres.url_of(name)) as database,
        Workers(python, folder, postgres.url_of(name), dns.address, more) as workers,
    ):
        yield Farm(database, dns, workers)


@dataclass
class FrontDesk:
    """Requests as the process at Discord has them, which carries none of them out here."""

    requests: Requests
    backend: MailBackend
    mailcow: MailcowDouble
    farm: Farm

    async def approve_key(self, name: str) -> int:
        """Have an admin approve a DKIM key; return the request's number."""
        asked = await self.requests.open(
            RequestKind.DKIM, Domain.from_ascii(name), (GUILD, CHANNEL), 1
        )
        await self.requests.approve(asked.request.id, 2)
        return asked.request.id

    async def until_in(self, state: State, number: int) -> None:
        """Return when a request is in a state."""

        async def is_in() -> bool:
            request = await self.requests.get(number)
            return request is not None and request.state is state

        await until(is_in)

    async def seconds_until_called(self) -> float:
        """Return how long it takes until a worker calls the mail server, which it does next."""
        began, before = time.monotonic(), len(self.mailcow.calls)

        async def is_called() -> bool:
            return len(self.mailcow.calls) > before

        await until(is_called, every=0.005)
        return time.monotonic() - began


@asynccontextmanager
async def open_front_desk(
    postgres: PostgresServer, folder: Path, python: ForkedPython, *, tells: bool = True
) -> AsyncIterator[FrontDesk]:
    """Yield a front desk, whose wake-ups reach other processes where it `tells` them."""
    keys = {"write-key": ApiKey(may_write=True), "read-key": ApiKey(may_write=False)}
    async with MailcowDouble(keys=keys) as mailcow, AsyncExitStack() as stack:
        mailcow.ready_keys.extend([await asyncio.to_thread(DkimPair.make, "dkim")] * 2)
        more = {
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_API_KEY": "write-key",
            "MAILCOW_READ_KEY": "read-key",
        }
        farm = await stack.enter_async_context(open_farm(postgres, folder, python, **more))
        mailcow.add_domain(WATCHED[0])
        notices = None
        if tells:
            notices = await stack.enter_async_context(open_notices(farm.workers.url))
            assert notices is not None
            await wait_until_connected(notices)
        settings = load_settings(farm.workers.environment)
        base = await open_foundation(farm.database, notices, settings, stack, pace=ALONE)
        yield FrontDesk(make_requests(base).requests, base.backend, mailcow, farm)


@pytest.mark.parametrize("number", [80, pytest.param(200, marks=pytest.mark.slow)])
async def test_two_workers_share_what_is_due_and_each_domain_is_looked_at_once(
    postgres: PostgresServer, tmp_path: Path, forked_python: ForkedPython, number: int
) -> None:
    async with open_farm(postgres, tmp_path, forked_python) as farm:
        pair = [await farm.workers.start(), await farm.workers.start()]
        await farm.have_due(WATCHED[:number])
        await farm.wake()
        await farm.wait_until_seen(number)
        assert await farm.versions() == {SEEN_ONCE: number}
        assert await farm.leased() == 0
        assert set(farm.asked()) == set(WATCHED[:number])
        for worker in pair:
            assert await worker.get("/readyz") == "ok\n"
            figures = await worker.get("/metrics")
            assert re.search(r'dns_questions_total{outcome="records"} [1-9]', figures), figures
            assert await worker.stop() == 0
            assert "Traceback" not in worker.log.read_text()


async def test_what_a_killed_worker_had_taken_another_one_does_after_the_lease(
    postgres: PostgresServer, tmp_path: Path, forked_python: ForkedPython
) -> None:
    async with open_farm(postgres, tmp_path, forked_python) as farm:
        await farm.have_due(WATCHED[:60])
        farm.dns.delay = 0.2  # so that it is in the middle of something
        killed = await farm.workers.start(WITH_SHORT_LEASES)
        await until(farm.is_asked)
        killed.process.kill()
        await killed.process.wait()
        assert await farm.leased() > 0
        farm.dns.delay = 0.0
        await farm.workers.start(WITH_SHORT_LEASES)
        await farm.wait_until_seen(60)
        assert await farm.versions() == {SEEN_ONCE: 60}


async def test_an_approval_wakes_a_worker_in_another_process(
    postgres: PostgresServer, tmp_path: Path, forked_python: ForkedPython
) -> None:
    async with open_front_desk(postgres, tmp_path, forked_python) as desk:
        worker = await desk.farm.workers.start()
        await asyncio.sleep(0.5)  # by then it rests
        number = await desk.approve_key(WATCHED[0])
        # It would look by itself some 14 seconds later; a busy machine takes more than a moment.
        assert await desk.seconds_until_called() < 3
        await desk.until_in(State.WAITING, number)
        assert desk.mailcow.keys_made == {WATCHED[0]: 1}
        assert await worker.stop() == 0


async def test_a_key_that_works_again_does_so_in_all_processes(
    postgres: PostgresServer, tmp_path: Path, forked_python: ForkedPython
) -> None:
    async with open_front_desk(postgres, tmp_path, forked_python) as desk:
        await desk.farm.workers.start()
        keys, desk.mailcow.keys = desk.mailcow.keys, {}
        number = await desk.approve_key(WATCHED[0])
        await desk.until_in(State.FAILED, number)
        desk.mailcow.keys = keys
        calls = len(desk.mailcow.calls)
        await desk.requests.retry(number, 2)
        await desk.until_in(State.FAILED, number)  # it does not even try
        assert len(desk.mailcow.calls) == calls
        desk.backend.unlock()
        await desk.requests.retry(number, 2)
        await desk.until_in(State.WAITING, number)


@pytest.mark.slow
async def test_without_notices_what_is_approved_is_found_within_fifteen_seconds(
    postgres: PostgresServer, tmp_path: Path, forked_python: ForkedPython
) -> None:
    async with open_front_desk(postgres, tmp_path, forked_python, tells=False) as desk:
        await desk.farm.workers.start()
        await asyncio.sleep(0.5)
        number = await desk.approve_key(WATCHED[0])
        assert 5 < await desk.seconds_until_called() < 20
        await desk.until_in(State.WAITING, number)


@pytest.mark.slow
async def test_a_worker_that_is_stopped_gives_back_what_it_cannot_finish(
    postgres: PostgresServer, tmp_path: Path, forked_python: ForkedPython
) -> None:
    async with open_farm(postgres, tmp_path, forked_python) as farm:
        await farm.have_due(WATCHED)
        farm.dns.delay = 30.0
        worker = await farm.workers.start()
        await until(farm.is_asked)
        began = time.monotonic()
        assert await worker.stop() == 0
        assert time.monotonic() - began < 10
        assert await farm.leased() == 0
        assert (await farm.versions())[1] > 0


def test_on_an_sqlite_file_nobody_can_work_beside_the_bot(console: ConsoleProcess) -> None:
    done = console.call("work")
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_URL: An SQLite file has one process")
    assert "postgresql+asyncpg://" in done.stderr


def test_where_the_database_is_away_it_can_be_tried_again(console: ConsoleProcess) -> None:
    done = console.call("work", DATABASE_URL="postgresql+asyncpg://cowbell@127.0.0.1:1/cowbell")
    assert done.returncode == 1
    assert "not answering" in done.stderr
