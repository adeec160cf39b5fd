"""Two processes take turns at Discord under twenty commands a second: nobody waits in vain."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pytest
from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import CHANNEL, GUILD
from rolling_restart import Members, Unit, ended
from sqlalchemy.engine import make_url

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.store.engine.server_leadership import GRACE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython
    from postgres_server import PostgresServer

    EndListening: TypeAlias = Callable[[], Awaitable[None]]

pytest_plugins = ["process_fixtures", "store_fixtures"]

ROUNDS = 12
LONGEST_SILENCE = 15.0  # seconds
_END_LISTENING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND query ~ 'pg_notify|^LISTEN|^SELECT 1$'
"""
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


@pytest.fixture
async def end_listening(postgres: PostgresServer, url: str) -> AsyncIterator[EndListening]:
    """Ends the connections on which the processes hear each other."""
    connection = await postgres.connect(make_url(url).database or "")

    async def end() -> None:
        await connection.execute(_END_LISTENING)

    yield end
    await connection.close()


async def stand(leader: Unit, *standbys: Unit) -> None:
    """Start units, the first of which leads."""
    await leader.start()
    await leader.leads()
    for unit in standbys:
        await unit.start()
        await unit.waits()


@dataclass(frozen=True, slots=True)
class Handover:
    """When the former one took no more, and the next one did, by the machine's clock."""

    left_at: float
    taken_at: float


async def restart(leader: Unit, standby: Unit) -> Handover:
    """Restart the one that leads, and return when it waits for the other one."""
    await leader.end()
    left_at, taken_at = leader.when("handing over: "), standby.when("took the place: ")
    assert left_at is not None, leader.bot.says()
    assert taken_at is not None, standby.bot.says()
    await leader.start()
    await leader.waits()
    return Handover(left_at, taken_at)


def tell(members: Members, handovers: list[Handover]) -> None:
    """Write down how long nobody was at Discord, and what members noticed of it."""
    sent = members.discord.clicks.values()
    until_taken = [one.taken_at - one.left_at for one in handovers]
    until_answer = [members.time_to_answer(one.left_at) for one in handovers]
    _log.info(
        "%d handovers under %d interactions: taken after %.0f ms (median) and %.0f ms (worst), the "
        "next answer after %.0f ms and %.0f ms; the longest wait for one %.2f s, "
        "this machine stood still for %.2f s",
        *(len(handovers), len(sent)),
        *(1000 * statistics.median(until_taken), 1000 * max(until_taken)),
        *(1000 * statistics.median(until_answer), 1000 * max(until_answer)),
        *(max(one.first_at - one.sent_at for one in sent), members.stalled(0.0, math.inf)),
    )


async def test_a_rolling_restart_leaves_nothing_unanswered_and_answers_nothing_twice(
    units: list[Unit], members: Members, discord: DiscordChannels
) -> None:
    await stand(*units[:2])
    await discord.ready()
    async with members.busy():
        await asyncio.sleep(0.5)
        handover = await restart(units[0], units[1])
        await asyncio.sleep(0.5)
    await members.assert_all_answered()
    tell(members, [handover])
    assert len(discord.syncs) == 1


@pytest.mark.slow
async def test_many_rolling_restarts_where_discord_tells_one_later_than_the_other(
    units: list[Unit], members: Members, discord: DiscordChannels
) -> None:
    chance = random.Random(17)
    discord.choose_lag = lambda: chance.uniform(0, 0.3)
    leader, standby = units[:2]
    await stand(leader, standby)
    await discord.ready()
    handovers = []
    async with members.busy():
        for _ in range(ROUNDS):
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            handovers.append(await restart(leader, standby))
            leader, standby = standby, leader
        await asyncio.sleep(1)
    await members.assert_all_answered()
    tell(members, handovers)
    assert len(discord.syncs) == 1


@pytest.mark.slow
async def test_where_the_one_that_connected_is_killed_another_one_takes_the_place(
    units: list[Unit], members: Members, discord: DiscordChannels
) -> None:
    await stand(*units)
    await discord.ready()
    leader, *standbys = units
    async with members.busy():
        discord.gateway_up.clear()
        ending = asyncio.create_task(leader.end())
        await discord.ready()  # one of the two, which says nothing yet
        (killed,) = [unit for unit in standbys if unit.when("logging in") is not None]
        killed.kill()
        (other,) = {*standbys} - {killed}
        await ending
        await other.leads()
        await asyncio.sleep(1)
    await members.assert_all_answered()


@pytest.mark.slow
async def test_where_the_only_one_that_waits_is_killed_the_leader_stops_as_without_one(
    units: list[Unit], members: Members, discord: DiscordChannels
) -> None:
    leader, standby = units[:2]
    await stand(leader, standby)
    await discord.ready()
    async with members.busy():
        discord.gateway_up.clear()
        ending = asyncio.create_task(leader.end())
        await discord.ready()
        standby.kill()
        await ending
        assert leader.when("handing over: ") is None
        await standby.start()
        await standby.leads()
        await asyncio.sleep(2)
    assert not discord.answered_twice
    assert members.longest_silence < LONGEST_SILENCE


@pytest.mark.slow
@pytest.mark.parametrize("step", range(8))
async def test_a_leader_that_is_killed_while_it_hands_over_is_replaced(
    units: list[Unit], members: Members, discord: DiscordChannels, step: int
) -> None:
    """From the signal on, a handover takes some 0.9 seconds; the steps are spread over it."""
    leader, standby = units[:2]
    await stand(leader, standby)
    await discord.ready()
    async with members.busy():
        await asyncio.sleep(0.5)
        assert leader.process is not None
        leader.process.terminate()
        await asyncio.sleep(0.05 + step * 0.13)
        leader.kill()
        await standby.leads()
        await asyncio.sleep(2)
    assert not discord.answered_twice
    _log.info("step %d: silent for %.1f s", step, members.longest_silence)
    assert members.longest_silence < LONGEST_SILENCE


@pytest.mark.slow
@pytest.mark.parametrize("step", range(6))
async def test_where_notices_are_lost_nothing_is_answered_twice(
    units: list[Unit],
    members: Members,
    discord: DiscordChannels,
    end_listening: EndListening,
    step: int,
) -> None:
    leader, standby = units[:2]
    await stand(leader, standby)
    await discord.ready()
    async with members.busy():
        ending = asyncio.create_task(leader.end())
        for _ in range(step):
            await asyncio.sleep(0.15)
        # Both lose what they are told meanwhile, and connect again.
        await end_listening()
        await ending
        await standby.leads()
        await asyncio.sleep(2)
    assert not discord.answered_twice
    _log.info("step %d: silent for %.1f s", step, members.longest_silence)
    assert members.longest_silence < LONGEST_SILENCE


@pytest.mark.slow
async def test_where_the_note_cannot_be_written_what_was_taken_is_answered_and_the_next_one_waits(
    units: list[Unit],
    members: Members,
    discord: DiscordChannels,
    postgres: PostgresServer,
    url: str,
) -> None:
    leader, standby = units[:2]
    await stand(leader, standby)
    await discord.ready()
    connection = await postgres.connect(make_url(url).database or "")
    async with members.busy():
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM leadership FOR UPDATE")
            await leader.end()
        left_at = leader.when("handing over: ")
        leads_at = await standby.leads()
        await asyncio.sleep(2)
    await connection.close()
    assert left_at is not None
    assert leader.when("the next one begins 4 seconds later") is not None
    assert leads_at - left_at >= GRACE
    assert not discord.answered_twice
    assert members.longest_silence < LONGEST_SILENCE
    # What came before is answered, as it was taken; what came in the silence by nobody.
    wall = time.time() - time.monotonic()
    sent = [one for one in discord.clicks.values() if one.sent_at + wall < left_at - 0.1]
    assert all(one.was_in_time for one in sent)
    assert all(one.shown for one in members.commands if one in sent)
