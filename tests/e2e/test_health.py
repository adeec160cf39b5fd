"""HEALTH_PORT of the unmodified program: whether it is well, and its figures, over real sockets."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import MEMBER, button
from discord_stand_in import TOKEN

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

KEY = "READ00-0KEY00-000000"
BROKEN = "newcomer.example"
REQUESTS = 100000000000000077


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class WatchedBot:
    """A bot with a port to look at it."""

    def __init__(self, bot: Bot, discord: DiscordChannels) -> None:
        self.bot, self.discord = bot, discord
        self.port = free_port()
        bot.environment["HEALTH_PORT"] = str(self.port)

    async def get(self, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=MAX_WAIT)) as session,
            session.get(f"http://{host}:{self.port}{path}") as response,
        ):
            return response.status, await response.text()

    async def until(self, path: str, wanted: tuple[int, str]) -> None:
        """Return once a path says so; nobody listens before the bot does."""
        said: object = None
        deadline = time.monotonic() + MAX_WAIT
        while said != wanted:
            assert time.monotonic() < deadline, said
            try:
                said = await self.get(path)
            except aiohttp.ClientConnectorError as error:
                said = error
            await asyncio.sleep(0.05)

    async def figures(self) -> dict[str, float]:
        """The figures by name and labels, as they are written."""
        status, text = await self.get("/metrics")
        assert status == 200
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.fixture
async def mailcow() -> AsyncIterator[MailcowDouble]:
    async with MailcowDouble(keys={KEY: ApiKey(may_write=False)}) as double:
        yield double


@pytest.fixture
async def watched(
    tmp_path: Path, dns: ZoneServer, mailcow: MailcowDouble, forked_python: ForkedPython
) -> AsyncIterator[WatchedBot]:
    async with DiscordChannels() as stand_in:
        bot = Bot(tmp_path, stand_in, dns, forked_python)
        bot.environment |= {
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_READ_KEY": KEY,
            "REQUEST_CHANNEL_ID": str(REQUESTS),
        }
        yield WatchedBot(bot, stand_in)


async def test_a_running_bot_is_alive_and_ready_and_unwell_without_discord(
    watched: WatchedBot,
) -> None:
    async with watched.bot.running():
        await watched.until("/readyz", (200, "ok\n"))
        assert await watched.get("/healthz") == (200, "ok\n")
        await watched.discord.__aexit__()
        await watched.until("/readyz", (503, "discord\n"))
        assert await watched.get("/healthz") == (200, "ok\n")
        assert (await watched.figures())["cowbell_ready"] == 0


async def test_before_discord_has_let_it_in_a_bot_is_alive_and_not_ready(
    watched: WatchedBot,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silence:  # takes calls and never answers
        watched.discord.api = "http://{}:{}/api".format(*silence.getsockname())
        process = await watched.bot.spawn()
        try:
            await watched.until("/healthz", (200, "ok\n"))
            assert await watched.get("/readyz") == (503, "discord\n")
        finally:
            process.kill()
            await process.wait()


async def test_while_it_comes_to_its_end_a_bot_says_so(
    watched: WatchedBot, dns: ZoneServer
) -> None:
    dns.delay = 0.7
    async with watched.bot.running() as process:
        sent = await watched.discord.run_command("dnscheck", {"domain": BROKEN})
        await sent.acknowledged()
        process.terminate()
        await watched.until("/readyz", (503, "stopping\n"))
        assert await watched.bot.end(process) == 0


async def test_a_broken_database_is_a_reason_and_its_figures_are_left_out(
    watched: WatchedBot,
) -> None:
    async with watched.bot.running():
        await watched.until("/readyz", (200, "ok\n"))
        assert 'cowbell_requests{state="pending"}' in await watched.figures()
        spoil(watched.bot.log.parent / "bot.db")
        await watched.until("/readyz", (503, "database\n"))
        figures = await watched.figures()
        assert not [name for name in figures if name.startswith("cowbell_requests")]


async def test_the_figures_count_what_happened_and_hold_nobodys_data(
    watched: WatchedBot, mailcow: MailcowDouble
) -> None:
    async with watched.bot.running():
        card = await (await watched.discord.run_command("dnscheck", {"domain": BROKEN})).answered()
        await (
            await watched.discord.click(button(card.message, "details"), card.message)
        ).answered()
        await (await watched.discord.run_command("dnscheck", {"domain": "no domain!"})).answered()
        asked = await watched.discord.run_command("maildomain", {"domain": BROKEN})
        await asked.answered()
        await watched.discord.message(REQUESTS, lambda _: True)
        await asyncio.sleep(0.5)  # handlers come to their end, the outbox notes what it sent
        figures = await watched.figures()
        status, text = await watched.get("/metrics", "[::1]" if socket.has_ipv6 else "127.0.0.1")
    assert status == 200
    assert sum(v for n, v in figures.items() if n.startswith("cowbell_checks_total")) == 2
    assert figures["cowbell_check_seconds_count"] == 2
    assert figures['cowbell_dns_questions_total{outcome="records"}'] > 3
    answered = figures['cowbell_mailcow_calls_total{outcome="answered"}']
    assert answered == len(mailcow.calls) > 0
    assert figures['cowbell_requests{state="pending"}'] == 1
    assert figures['cowbell_requests{state="failed"}'] == 0
    assert figures['cowbell_rotations{state="switched"}'] == 0
    assert figures["cowbell_rotations_stuck"] == 0
    assert figures["cowbell_outbox_messages"] == 0
    counted = 'cowbell_interactions_total{{command="{}",outcome="{}"}}'.format
    assert figures[counted("dnscheck", "done")] == 1
    assert figures[counted("dnscheck", "refused")] == 1
    assert figures[counted("maildomain", "done")] == 1
    assert figures[counted("button", "done")] == 1
    assert figures["cowbell_acknowledgement_seconds_count"] == 4
    assert figures["cowbell_acknowledgement_seconds_sum"] < 4
    assert figures["cowbell_event_loop_lag_seconds_count"] > 0
    assert figures["process_resident_memory_bytes"] > 1e6
    assert figures["cowbell_ready"] == 1
    for secret in (TOKEN, KEY, BROKEN, str(MEMBER), "ann"):
        assert not re.search(rf"\b{re.escape(secret)}\b", text)


async def test_two_presses_in_the_same_instant_share_one_check_and_are_both_answered(
    watched: WatchedBot, dns: ZoneServer
) -> None:
    async def questions() -> float:
        figures = await watched.figures()
        return sum(n for name, n in figures.items() if "dns_questions_total" in name)

    async with watched.bot.running():
        card = await (await watched.discord.run_command("dnscheck", {"domain": BROKEN})).answered()
        opened = await watched.discord.click(button(card.message, "details"), card.message)
        details = (await opened.answered()).message
        custom_id = button(details, "again")
        # The second press comes while the check of the first is under way.
        dns.delay = 1.0
        asked = [await questions()]
        for count in (1, 2):
            clicks = [await watched.discord.click(custom_id, details) for _ in range(count)]
            for sent in clicks:
                await sent.until(lambda sent: "cowbell:details:" in str(sent.message))
                assert BROKEN in sent.texts
            asked.append(await questions())
    before, one, two = asked
    assert two - one == one - before > 0


async def test_nobody_listens_unless_a_port_is_set_and_then_on_loopback_alone(
    watched: WatchedBot,
) -> None:
    async with watched.bot.running() as process:
        await watched.until("/readyz", (200, "ok\n"))
        assert listening(process.pid) == {("0100007F", watched.port), (LOOPBACK_6, watched.port)}
        assert (await watched.get("/"))[0] == 404
        assert await watched.bot.stop(process) == 0
    del watched.bot.environment["HEALTH_PORT"]
    async with watched.bot.running() as process:
        assert listening(process.pid) == set()


async def test_a_port_that_is_taken_stops_the_start_with_one_line(watched: WatchedBot) -> None:
    with socket.create_server(("127.0.0.1", watched.port)):
        process = await watched.bot.spawn()
        assert await watched.bot.end(process) == 2
    said = watched.bot.says().splitlines()[-1]
    assert said.startswith(f"HEALTH_PORT: Another program listens at port {watched.port};")
    assert "Traceback" not in watched.bot.says()
    assert not watched.discord.identifies


LOOPBACK_6 = "00000000000000000000000001000000"


def listening(pid: int) -> set[tuple[str, int]]:
    """Return the addresses, as /proc writes them, and the ports that a process listens at."""
    own = own_sockets(pid)
    found = set()
    for line in table_of(pid):
        place, state, inode = line[1], line[3], line[9]
        if state == "0A" and inode in own:
            address, port = place.split(":")
            found.add((address, int(port, 16)))
    return found


def own_sockets(pid: int) -> set[str]:
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            links.append(str(link.readlink()))
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def table_of(pid: int) -> list[list[str]]:
    lines = []
    for name in ("tcp", "tcp6"):
        lines += Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    return [line.split() for line in lines]


def spoil(path: Path) -> None:
    """Take a table away from under the bot."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE request RENAME TO gone")
        database.commit()
