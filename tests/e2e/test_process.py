"""The unmodified program as a process, against a stand-in for Discord over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from burst import time_burst, time_to_answer
from discord_payloads import APPLICATION, GUILD, MEMBER, button, text_of
from discord_stand_in import TOKEN

if TYPE_CHECKING:
    from discord_stand_in import DiscordStandIn

    from bot.demo.zone_server import ZoneServer

pytest_plugins = ["process_fixtures"]

BROKEN = "newcomer.example"
COMMANDS: dict[str, dict[str, str]] = {
    "mailsettings": {"address": "ann@friend.example"},
    "dnsrecords": {"domain": BROKEN},
    "dnscheck": {"domain": BROKEN},
    "help": {},
}
_log = logging.getLogger(__name__)


async def test_a_start_is_quick_and_small_and_syncs_commands_only_once(
    tmp_path: Path, bot: Bot, discord: DiscordStandIn, dns: ZoneServer
) -> None:
    started = time.monotonic()
    # A Python that has imported nothing before, as when a user starts it.
    async with Bot(tmp_path, discord, dns).running() as process:
        boot, cpu = time.monotonic() - started, _cpu(process.pid)
        await (await discord.run_command("help")).answered()
        rss = _rss(process.pid)
        _log.info("boot %.2f s, of it %.2f s of CPU, RSS %.0f MiB", boot, cpu, rss)
        assert cpu < 5
        assert not _has_loaded(process.pid, "PIL")  # which only pictures need
        assert not _has_loaded(process.pid, "asyncpg")  # which only PostgreSQL needs
        assert rss < 150  # MiB; Python 3.14 takes some 20 more than 3.11
        assert discord.identifies[0]["intents"] == 0
        assert await bot.stop(process) == 0
    async with bot.running() as process:
        sent = await (await discord.run_command("help")).answered()
        assert "</dnscheck:5" in sent.texts
        assert await bot.stop(process) == 0
    assert len(discord.syncs) == 1
    path, commands = discord.syncs[0]
    assert path == f"/api/applications/{APPLICATION}/commands"
    assert {command["name"] for command in commands} == {
        "dkim",
        "dmarc",
        "dnscheck",
        "dnsrecords",
        "help",
        "history",
        "mailadmin",
        "maildomain",
        "mailsettings",
        "privacy",
        "requests",
        "testmail",
        "watch",
        "webmail",
    }
    for command in (command for command in commands if command["name"] in COMMANDS):
        assert command["contexts"] == [0, 1, 2]
        assert command["integration_types"] == [0, 1]
    bot.environment["DISCORD_GUILD_ID"] = str(GUILD)
    async with bot.running() as process:
        sent = await (await discord.run_command("help")).answered()
        assert "</dnscheck:5" in sent.texts
        assert await bot.stop(process) == 0
    assert [path for path, _ in discord.syncs[1:]] == [
        f"/api/applications/{APPLICATION}/guilds/{GUILD}/commands"
    ]
    assert "Traceback" not in bot.says()
    assert "WARNING" not in bot.says()
    assert TOKEN not in bot.says()


@pytest.mark.slow
async def test_two_hundred_commands_in_one_instant_are_all_acknowledged_in_time(
    bot: Bot, discord: DiscordStandIn
) -> None:
    async with bot.running():
        await (await discord.run_command("help")).answered()
        times = sorted(await time_burst(discord, 200))
    _log.info("200 in one instant: p50 %.3f s, p99 %.3f s", times[100], _p99(times))
    assert max(times) < 3  # seconds that Discord waits


@pytest.mark.slow
async def test_with_two_hundred_checks_under_way_commands_are_acknowledged_within_50_ms(
    bot: Bot, discord: DiscordStandIn, dns: ZoneServer
) -> None:
    dns.delay = 0.1
    async with bot.running():
        await (await discord.run_command("help")).answered()
        # Others may be busy on this machine: one round of three shows what the bot can do.
        for turn in range(1, 4):
            excess = await _measure_excess(discord, turn)
            if excess <= 0:
                break
    assert excess <= 0


async def _measure_excess(discord: DiscordStandIn, turn: int) -> float:
    """Return by how many seconds the 99th percentile of 200 checks exceeds what is allowed.

    These are 50 ms and what a busy machine adds: here, and in the bot, a task that wakes up is as
    late as this one.
    """
    clicks, late = [], []
    for number in range(200):
        options = {"domain": f"member{number}.friend.example"}
        member = MEMBER + turn * 1000 + number
        clicks.append(await discord.run_command("dnscheck", options, member=member))
        asleep_at = time.monotonic()
        await asyncio.sleep(0.004)
        late.append(time.monotonic() - asleep_at - 0.004)
    times = [await time_to_answer(sent) for sent in clicks]
    _log.info("200 under way: p99 %.4f s, machine late by %.4f s", _p99(times), _p99(late))
    for sent in clicks:
        await sent.answered(60)
    return _p99(times) - 0.050 - 2 * _p99(late)


async def test_a_member_with_another_language_is_answered(
    bot: Bot, discord: DiscordStandIn
) -> None:
    async with bot.running():
        for command, options in COMMANDS.items():
            sent = await discord.run_command(command, options, locale="de")
            assert (await sent.answered()).texts
    assert "Traceback" not in bot.says()


async def test_an_answer_that_meets_a_rate_limit_is_given_when_it_is_over(
    bot: Bot, discord: DiscordStandIn
) -> None:
    async with bot.running():
        discord.retry_after = 0.7
        sent = await (await discord.run_command("dnscheck", {"domain": BROKEN})).answered()
        assert BROKEN in sent.texts
        assert len(discord.refusals) == 1
        assert time.monotonic() - discord.refusals[0] >= 0.7


async def test_a_lost_gateway_is_resumed_and_nothing_is_synced_again(
    bot: Bot, discord: DiscordStandIn
) -> None:
    async with bot.running():
        await discord.ask_to_reconnect()
        await discord.ready()
        assert (await (await discord.run_command("help")).answered()).texts
        await discord.drop(code=4000)
        await discord.ready()
        assert (await (await discord.run_command("help")).answered()).texts
    assert [said["session_id"] for said in discord.resumes] == ["session", "session"]
    assert len(discord.identifies) == len(discord.syncs) == 1


async def test_sigterm_lets_a_check_end_and_tells_newcomers_to_wait(
    bot: Bot, discord: DiscordStandIn, dns: ZoneServer
) -> None:
    dns.delay = 0.5
    async with bot.running() as process:
        early = await (await discord.run_command("dnscheck", {"domain": BROKEN})).acknowledged()
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        late = await (await discord.run_command("help")).acknowledged()
        assert "restarting" in late.texts
        process.send_signal(signal.SIGINT)  # once told is enough: nothing is cut short
        await early.until(lambda sent: "cowbell:again:" in str(sent.message))
        assert BROKEN in early.texts
        assert await bot.end(process) == 0
    assert "Traceback" not in bot.says()


async def test_after_a_kill_the_buttons_of_old_cards_work(
    bot: Bot, discord: DiscordStandIn
) -> None:
    async with bot.running() as process:
        card = await (await discord.run_command("dnscheck", {"domain": BROKEN})).answered()
        process.kill()
        await process.wait()
    async with bot.running():
        opened = await discord.click(button(card.message, "details"), card.message)
        details = (await opened.answered()).message
        for action in ("records", "zone"):
            sent = await discord.click(button(details, action), details)
            assert BROKEN in (await sent.answered()).texts
        sent = await discord.click(button(card.message, "again"), card.message)
        assert BROKEN in (await sent.answered()).texts
        sent = await discord.click(button(details, "share"), details)
        await sent.until(lambda sent: bool(sent.others))
    assert "Traceback" not in bot.says()


async def test_a_button_and_a_form_that_nothing_knows_are_out_of_date(
    bot: Bot, discord: DiscordStandIn
) -> None:
    async with bot.running():
        card = await (await discord.run_command("help")).answered()
        for sent in (
            await discord.click("cowbell:approve:7", card.message),
            await discord.click(f"cowbell:again:{10**17}", card.message),
            await discord.submit("a form of the last version"),
        ):
            await sent.until(lambda sent: bool(sent.shown or sent.others))
            said = sent.texts or text_of(sent.others[0])
            assert "out of date" in said


async def test_what_fails_is_in_the_log_with_the_reference_that_the_member_gets(
    bot: Bot, discord: DiscordStandIn, tmp_path: Path
) -> None:
    own = tmp_path / "own" / "en" / "discord"
    own.mkdir(parents=True)
    (own / "settings_title.j2").write_text("{{ nothing }}")
    bot.environment["TEMPLATES_DIR"] = str(tmp_path / "own")
    async with bot.running():
        told = (await (await discord.run_command("mailsettings")).answered()).texts
    (line,) = [line for line in bot.says().splitlines() if " ERROR " in line]
    reference = line.split("bot.interactions.error_manager: ")[1][:6]
    assert f"`{reference}`" in told
    assert "nothing" not in told


async def test_a_json_log_has_the_members_reference_and_no_secret(
    bot: Bot, discord: DiscordStandIn, tmp_path: Path
) -> None:
    own, key = tmp_path / "own" / "en" / "discord", "the-key-of-mailcow"
    own.mkdir(parents=True)
    # The fault repeats a key, in its own text and in the template's line.
    (own / "settings_title.j2").write_text("{{ {}['" + key + "'] }}")
    bot.environment |= {
        "TEMPLATES_DIR": str(tmp_path / "own"),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "debug",
        "MAILCOW_URL": "http://127.0.0.1:9",
        "MAILCOW_API_KEY": key,
    }
    async with bot.running() as process:
        sent = await (await discord.run_command("mailsettings")).answered()
        await (await discord.click("cowbell:again:1", sent.message)).answered()
        assert await bot.stop(process) == 0
    lines = bot.says().splitlines()
    entries = [json.loads(line) for line in lines]
    assert all(line.isascii() and line.isprintable() for line in lines)
    (failed,) = [entry for entry in entries if entry["level"] == "error"]
    assert f"`{failed['reference']}`" in sent.texts
    assert failed["message"].startswith(failed["reference"])
    assert failed["command"] == "mailsettings"
    assert failed["interaction"] in failed["message"]
    assert "no attribute '[secret]'" in failed["traceback"]
    assert key not in bot.says()
    assert TOKEN not in bot.says()
    assert "interaction-" not in bot.says()  # the tokens of interactions
    assert [entry["command"] for entry in entries if entry["level"] == "debug"] == [
        "mailsettings",
        "cowbell:again:1",
    ]
    assert entries[-1]["message"] == "stopped"


async def test_a_token_that_discord_does_not_know_is_said_in_one_line(
    bot: Bot, discord: DiscordStandIn
) -> None:
    bot.environment["DISCORD_TOKEN"] = "another-token"
    process = await bot.spawn()
    assert await bot.end(process) == 2
    assert bot.says().splitlines()[-1].startswith("DISCORD_TOKEN: Discord does not know this token")
    assert "Traceback" not in bot.says()
    assert "another-token" not in bot.says()


async def test_without_a_token_three_lines_say_how_to_get_one(bot: Bot) -> None:
    del bot.environment["DISCORD_TOKEN"]
    process = await bot.spawn()
    assert await bot.end(process) == 2
    lines = bot.says().splitlines()
    assert len(lines) == 3
    assert "make demo" in lines[2]


def _p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100 - 1]


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _has_loaded(pid: int, package: str) -> bool:
    """Whether a process has loaded a package that is not written in Python alone."""
    return f"/{package}/" in Path(f"/proc/{pid}/maps").read_text()


def _rss(pid: int) -> float:
    """Return a process's resident set size in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(pid)
