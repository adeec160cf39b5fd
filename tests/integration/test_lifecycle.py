"""How the client comes to its end where another process may be the one at Discord."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.app.bot_root import open_client
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.lifecycle import Ending, lead, take_over
from bot.standby import Standby
from bot.store.engine.handover import Candidate
from bot.store.engine.leadership import FileLeadership
from bot.store.engine.notices import Notices
from bot.store.engine.url import Address
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.client import Client


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client that was never connected."""
    url = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    settings = load_settings({**DEMO_ENVIRONMENT, "DATABASE_URL": url, "DNS_SERVERS": "127.0.0.1"})
    async with open_client(settings) as client:
        yield client
        await client.close()


class LateLeadership(FileLeadership):
    """Of a process that was held up for so long that it cannot be sure, and has not lost yet."""

    def __init__(self) -> None:
        self.has_left = False

    def is_sure(self) -> bool:
        """Never."""
        return False

    async def leave(self, note: str = "") -> None:
        """Notes it."""
        self.has_left = True


async def test_who_is_not_sure_at_the_login_leaves_and_may_begin_again(client: Client) -> None:
    leadership = LateLeadership()
    ending = await lead(client, "token", leadership, asyncio.Event())
    assert ending is Ending.LOST
    assert leadership.has_left


class LostLeadership(LateLeadership):
    """Of a process that has lost its place."""

    async def wait_until_lost(self) -> None:
        """Returns at once."""


async def test_a_place_that_is_lost_while_the_store_is_slow_is_left_at_once(client: Client) -> None:
    client.takeover = (asyncio.Event().wait,)  # for ever
    leadership = LostLeadership()
    await asyncio.wait_for(take_over(client, leadership), MAX_WAIT)
    assert await lead(client, "token", leadership, asyncio.Event()) is Ending.LOST


async def test_a_standby_that_ends_leaves_nobody_at_its_gate(client: Client) -> None:
    notices = Notices(Address.parse("postgresql+asyncpg://cowbell@127.0.0.1:9/cowbell"), "test")
    standby = Standby(client, "token", FileLeadership(), Candidate(notices))
    client.mute(lambda: False)
    held = client.tracker.gate.receive(1)
    await standby.aclose()
    assert held.verdict.done()
