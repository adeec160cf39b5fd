"""How the parts of requests are put together: which are there, and how their jobs run and end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot import jobs as running
from bot.app.bot_root import open_client
from bot.app.console_root import open_core
from bot.config.loading import load_settings
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.world import DEMO_ENVIRONMENT
from bot.lifecycle import running_jobs
from bot.names import Domain
from bot.records.dkim_key import KnownKey
from bot.requests.backend import Capabilities
from bot.requests.model import RequestKind, State
from bot.requests.worker import Worker
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.client import Client

MOVER = Domain.from_ascii("mover.example")
CHANNEL = {"REQUEST_CHANNEL_ID": "100000000000000005"}
ANN, ADMIN = 1, 2


@pytest.fixture
async def mailcow() -> AsyncIterator[MailcowDouble]:
    keys = {"write-key": ApiKey(may_write=True), "read-key": ApiKey(may_write=False)}
    async with MailcowDouble(keys=keys) as double:
        double.add_domain("mover.example")
        yield double


def environ(store: Path, **more: str) -> dict[str, str]:
    # Nobody answers at this port.
    url = f"sqlite+aiosqlite:///{store}"
    return {**DEMO_ENVIRONMENT, "DATABASE_URL": url, "DNS_SERVERS": "127.0.0.1:9", **more}


@asynccontextmanager
async def opened(store: Path, **more: str) -> AsyncIterator[Client]:
    async with open_client(load_settings(environ(store, **more))) as client:
        try:
            yield client
        finally:
            await client.close()


async def test_without_a_channel_no_requests_are_taken(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.db") as client:
        assert client.requests is None
        assert client.backend.capabilities == Capabilities()
        # The watch, its news, the server's faults, changes of keys, what is old.
        assert len(client.jobs) == 5


@pytest.mark.parametrize(
    ("keys", "by_hand"),
    [
        ({}, True),
        ({"MAILCOW_READ_KEY": "read-key"}, True),
        ({"MAILCOW_API_KEY": "write-key"}, False),
    ],
)
async def test_without_a_key_that_may_write_the_admin_does_it(
    tmp_path: Path, mailcow: MailcowDouble, keys: dict[str, str], *, by_hand: bool
) -> None:
    url = {"MAILCOW_URL": mailcow.url} if keys else {}
    async with opened(tmp_path / "bot.db", **CHANNEL, **url, **keys) as client:
        assert client.requests is not None
        assert client.requests.capabilities.can_make_keys is not by_hand
        assert len(client.jobs) == 7  # and requests with their outbox
    assert mailcow.calls == []


async def test_an_approved_request_gets_its_key_learned(
    tmp_path: Path, mailcow: MailcowDouble
) -> None:
    more = {**CHANNEL, "MAILCOW_URL": mailcow.url, "MAILCOW_API_KEY": "write-key"}
    async with opened(tmp_path / "bot.db", **more) as client:
        requests = client.requests
        assert requests is not None
        asked = await requests.open(RequestKind.DKIM, MOVER, (7, 8), ANN)
        # Nobody is there to deliver to.
        own = (job for job in client.jobs if isinstance(getattr(job, "__self__", None), Worker))
        client.jobs = tuple(own)
        client.logged_in.set()
        async with running_jobs(client):
            assert (await requests.approve(asked.request.id, ADMIN)).won
            async with asyncio.timeout(MAX_WAIT):
                now = await requests.get(asked.request.id)
                for _ in range(500):
                    if now is None or now.state is State.WAITING:
                        break
                    await asyncio.sleep(0.01)
                    now = await requests.get(asked.request.id)
        assert now is not None
        assert now.state is State.WAITING
        expected = await client.member_service.expect(MOVER, confidential=True)
    assert mailcow.keys_made == {"mover.example": 1}
    assert isinstance(expected.dkim, KnownKey)
    assert expected.dkim.record.text == now.value


async def test_jobs_wait_until_the_client_is_logged_in(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def job() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with opened(tmp_path / "bot.db") as client:
        client.jobs = (job,)
        async with running_jobs(client):
            await asyncio.sleep(0.05)
            assert not begun.is_set()
            client.logged_in.set()
            await asyncio.wait_for(begun.wait(), MAX_WAIT)


async def test_a_job_that_fails_is_begun_again_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running, "_REST", 0.01)
    begun, ended, twice = 0, asyncio.Event(), asyncio.Event()

    async def job() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise ZeroDivisionError("ours")
        twice.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with opened(tmp_path / "bot.db") as client:
        client.jobs = (job,)
        client.logged_in.set()
        async with running_jobs(client):
            await asyncio.wait_for(twice.wait(), MAX_WAIT)
        assert ended.is_set()
    assert "a job failed, and is begun again" in caplog.text


async def test_the_console_asks_mailcow_and_learns_nothing(
    tmp_path: Path, mailcow: MailcowDouble
) -> None:
    store = tmp_path / "bot.db"
    await (await Database.open(f"sqlite+aiosqlite:///{store}")).aclose()
    mailcow.dkim["mover.example"] = DkimPair.make("cow2026")
    more = {"MAILCOW_URL": mailcow.url, "MAILCOW_READ_KEY": "read-key"}
    async with open_core(load_settings(environ(store, **more))) as core:
        assert (await core.expect(MOVER)).selector == "cow2026"
    async with await Database.open(f"sqlite+aiosqlite:///{store}") as database:
        assert await KnownKeys(database).current(MOVER) is None
