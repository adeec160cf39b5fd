"""Two processes take turns at Discord under twenty commands a second: nobody waits in vain."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import CHANNEL, GUILD
from rolling_restart import Members, Unit, ended

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython
    from postgres_server import PostgresServer

pytest_plugins = ["process_fixtures", "store_fixtures"]

MakeUnit = "Callable[[str], Unit]"
_log = logging.getLogger(__name__)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordChannels]:
    async with DiscordChannels() as stand_in:
        yield stand_in


@pytest.fixture
async def members(discord: DiscordChannels, dns: ZoneServer) -> AsyncIterator[Members]:
    keys = {"write-key": ApiKey(may_write=True), "read-key": ApiKey(may_write=False)}
    async with MailcowDouble(keys=keys) as mailcow:
        yield Members(discord, dns, mailcow)


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as name:
        yield postgres.url_of(name)


@pytest.fixture
async def units(
    tmp_path: Path,
    members: Members,
    url: str,
    forked_python: ForkedPython,
) -> AsyncIterator[list[Unit]]:
    """Three units that stand by for each other, none of them running."""
    made = []
    for name in ("a", "b", "c"):
        folder = tmp_path / name
        folder.mkdir()
        bot = Bot(folder, members.discord, members.dns, forked_python)
        bot.environment |= {
            "DATABASE_URL": url,
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "MAILCOW_URL": members.mailcow.url,
            "MAILCOW_API_KEY": "write-key",
            "MAILCOW_READ_KEY": "read-key",
        }
        made.append(Unit(bot))
    async with ended(*made):
        yield made


async def stand(leader: Unit, *standbys: Unit) -> None:
    """Start units, the first of which leads."""
    await leader.start()
    await leader.leads()
    for unit in standbys:
        await unit.start()
        await unit.waits()


async def restart(leader: Unit, standby: Unit) -> float:
    """Restart the one that leads; return the seconds until the other one had its place."""
    await leader.end()
    left_at, took_at = leader.when("handing over: "), standby.when("took the place: ")
    assert left_at is not None, leader.bot.says()
    assert took_at is not None, standby.bot.says()
    await leader.start()
    await leader.waits()
    return took_at - left_at


async def test_a_rolling_restart_leaves_nothing_unanswered_and_answers_nothing_twice(
    units: list[Unit], members: Members, discord: DiscordChannels
) -> None:
    await stand(*units[:2])
    await discord.ready()
    async with members.busy():
        await asyncio.sleep(0.5)
        pause = await restart(units[0], units[1])
        await asyncio.sleep(0.5)
    await members.assert_all_answered()
    _log.info("nobody was at Discord for %.3f s", pause)
    assert len(discord.syncs) == 1
