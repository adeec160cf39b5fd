"""Several `run` on one PostgreSQL: one is at Discord, and another takes its place in time."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from bot.store.engine.handover import Departure
from bot.store.engine.notices import open_notices
from connected_notices import wait_until_connected
from max_wait import MAX_WAIT
from postgres_way import PostgresWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot_process import Bot, Process
    from discord_stand_in import DiscordStandIn

    from postgres_server import PostgresServer

    Make = Callable[..., Bot]

pytest_plugins = ["process_fixtures", "store_fixtures"]

LONGEST_TAKEOVER = 15.0  # seconds from the end of one to the first answer of the next


@pytest.fixture
async def name(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database with our tables."""
    async with postgres.database() as name:
        yield name


@pytest.fixture
def make(bot: Bot, tmp_path: Path, postgres: PostgresServer, name: str) -> Make:
    """What makes a bot that is not running yet, in a folder of its own."""

    def make(folder: str, *, url: str = "", standby: bool = True) -> Bot:
        (tmp_path / folder).mkdir()
        made = bot.in_folder(tmp_path / folder)
        made.environment["DATABASE_URL"] = url or postgres.url_of(name)
        if standby:
            made.environment["STANDBY"] = "true"
        return made

    return make


async def until_it_says(bot: Bot, text: str) -> None:
    """Return when the log of a bot has a text."""
    async with asyncio.timeout(MAX_WAIT):
        while not bot.log.exists() or text not in bot.says():  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.02)


async def until_answered(discord: DiscordStandIn, since: float, *, by: int) -> float:
    """Have a member try until they are answered by the n-th at Discord; return how long it took."""
    while len(discord.identifies) < by:
        assert time.monotonic() - since < MAX_WAIT
        await asyncio.sleep(0.02)
    while True:
        sent = await discord.run_command("help")
        try:
            await sent.answered(0.5)
        except TimeoutError:
            assert time.monotonic() - since < MAX_WAIT
        else:
            return time.monotonic() - since


async def keep_asking(discord: DiscordStandIn) -> None:
    """Send a command that reads the store, again and again."""
    while True:
        await discord.run_command("privacy")
        await asyncio.sleep(0.2)


async def wait_beside(leader: Process, standby: Bot) -> Process:
    """Return the process of a standby that is loaded and waits."""
    process = await standby.spawn()
    await until_it_says(standby, f"waiting: cowbell run {leader.pid}@")
    return process


async def test_when_the_one_at_discord_is_killed_the_one_that_waits_answers_and_no_third_one_may(
    make: Make, discord: DiscordStandIn, tmp_path: Path
) -> None:
    """One test of what could be three, as each start and the grace take their time."""
    first, second, third = make("first"), make("second"), make("third", standby=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(MAX_WAIT)
        second.environment["NOTIFY_SOCKET"] = manager.getsockname()
        second.environment["WATCHDOG_USEC"] = "400000"
        async with first.running() as leader:
            standby = await wait_beside(leader, second)
            # One that waits is ready for systemd.
            told = await asyncio.to_thread(lambda: [manager.recv(64) for _ in range(4)])
            assert told == [b"READY=1", *[b"WATCHDOG=1"] * 3]
            # Without STANDBY another one is refused, as on SQLite.
            assert await third.end(await third.spawn()) == 1
            (line,) = third.says().splitlines()
            assert f"is in use by another Cowbell (cowbell run {leader.pid}@" in line
            assert "; stop that one first, let this one wait with STANDBY=true" in line
            assert len(discord.identifies) == 1
            leader.kill()
            took = await until_answered(discord, time.monotonic(), by=2)
            assert took < LONGEST_TAKEOVER
            assert len(discord.identifies) == 2
            assert await second.stop(standby) == 0
    # It had left, so that the next one need not wait.
    async with third.running() as next_one:
        assert await third.stop(next_one) == 0
    assert "in which the one before leaves" not in third.says()
    said = second.says()
    assert "waiting 4 seconds, in which the one before leaves Discord" in said
    assert "leading: this process is the one at Discord" in said
    assert said.rstrip().endswith("stopped")
    assert "Traceback" not in said


@pytest.mark.slow  # the real times: ten seconds and more
async def test_where_the_way_to_the_database_is_cut_discord_is_left_before_the_next_comes(
    make: Make, discord: DiscordStandIn, postgres: PostgresServer, name: str
) -> None:
    async with PostgresWay(postgres) as way:
        first, second = make("first", url=way.url_of(name)), make("second")
        async with first.running() as leader:
            standby = await wait_beside(leader, second)
            asking = asyncio.create_task(keep_asking(discord))  # some wait for the database
            way.cut_silently()
            assert await until_answered(discord, time.monotonic(), by=2) < LONGEST_TAKEOVER
            asking.cancel()
            left, came = discord.connections
            assert left.closed_at is not None
            assert left.closed_at < came.opened_at
            way.restore()
            await until_it_says(first, f"waiting: cowbell run {standby.pid}@")
            assert not discord.answered_twice
            # And back again, which is quicker, as this one says that it leaves.
            stopped_at = time.monotonic()
            assert await second.stop(standby) == 0
            assert await until_answered(discord, stopped_at, by=3) < LONGEST_TAKEOVER
            assert await first.stop(leader) == 0
    assert "lost: this process must leave Discord" in first.says()
    assert "Traceback" not in first.says()
    assert "never retrieved" not in first.says()


@pytest.mark.slow  # the real times: ten seconds and more
async def test_who_slept_while_another_took_its_place_says_nothing_when_it_wakes_up(
    make: Make, discord: DiscordStandIn
) -> None:
    first, second = make("first"), make("second")
    async with first.running() as leader:
        standby = await wait_beside(leader, second)
        leader.send_signal(signal.SIGSTOP)
        assert await until_answered(discord, time.monotonic(), by=2) < LONGEST_TAKEOVER
        # What it was told of meanwhile lies in its connection to the gateway.
        for _ in range(5):
            await (await discord.run_command("help")).answered()
        leader.send_signal(signal.SIGCONT)
        await until_it_says(first, f"waiting: cowbell run {standby.pid}@")
        assert not discord.answered_twice
        assert [connection.is_up for connection in discord.connections] == [False, True]
        assert await first.stop(leader) == 0
        assert await second.stop(standby) == 0


@pytest.mark.slow  # the real times: ten seconds and more
async def test_without_another_one_the_place_is_had_again_when_the_database_is_back(
    make: Make, discord: DiscordStandIn, postgres: PostgresServer, name: str
) -> None:
    async with PostgresWay(postgres) as way:
        only = make("only", url=way.url_of(name), standby=False)
        async with only.running() as process:
            way.cut_hard()
            await until_it_says(only, "waiting for the database: The database")
            assert not discord.connections[0].is_up
            way.restore()
            assert await until_answered(discord, time.monotonic(), by=2) < LONGEST_TAKEOVER
            assert await only.stop(process) == 0
    assert "Traceback" not in only.says()


@pytest.mark.slow
async def test_one_that_connected_for_nothing_leaves_no_handler_behind_and_waits_again(
    make: Make, discord: DiscordStandIn, postgres: PostgresServer, name: str
) -> None:
    first, second = make("first"), make("second")
    async with first.running() as leader, open_notices(postgres.url_of(name)) as notices:
        standby = await wait_beside(leader, second)
        assert notices is not None
        await wait_until_connected(notices)
        departure = Departure(notices)  # as if the one at Discord were about to leave
        assert await departure.arrange()
        for _ in range(5):
            await (await discord.run_command("help")).answered()
        await departure.call_off()
        await until_it_says(second, "the one at Discord stays")
        assert await first.stop(leader) == 0
        assert await until_answered(discord, time.monotonic(), by=3) < LONGEST_TAKEOVER
        assert await second.stop(standby) == 0
    assert not discord.answered_twice
    assert "handing over: " in first.says()
    assert "Task was destroyed" not in second.says()
    assert "Traceback" not in second.says()


@pytest.mark.slow
async def test_who_cannot_begin_does_not_keep_the_next_one_waiting(
    make: Make, discord: DiscordStandIn, postgres: PostgresServer, name: str
) -> None:
    first = make("first", standby=False)
    with socket.create_server(("127.0.0.1", 0)) as another:
        first.environment["HEALTH_PORT"] = str(another.getsockname()[1])
        assert await first.end(await first.spawn()) == 2
    connection = await postgres.connect(name)
    assert await connection.fetchval("SELECT has_left FROM leadership")
    await connection.close()
    assert not discord.connections


async def test_to_stand_by_on_sqlite_is_a_wrong_configuration(make: Make) -> None:
    bot = make("only", url="sqlite+aiosqlite:///bot.db")
    assert await bot.end(await bot.spawn()) == 2
    assert bot.says().startswith("STANDBY: An SQLite file has one process")
    assert "Example: DATABASE_URL=postgresql+asyncpg://" in bot.says()
