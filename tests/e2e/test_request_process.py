"""A request through the unmodified program, killed in the middle and started again."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from discord_channels import DIRECT, DiscordChannels, has_button
from discord_payloads import CHANNEL, GUILD, button, text_of

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from discord_payloads import Json

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

DOMAIN = "mover.example"
ADMIN = 100000000000000077
APPROVE = "cowbell:req:approve:"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordChannels]:
    async with DiscordChannels() as stand_in:
        yield stand_in


@pytest.fixture
async def mailcow() -> AsyncIterator[MailcowDouble]:
    keys = {"write-key": ApiKey(may_write=True), "read-key": ApiKey(may_write=False)}
    async with MailcowDouble(keys=keys) as double:
        double.add_domain(DOMAIN)
        yield double


@pytest.fixture
def bot(
    tmp_path: Path,
    discord: DiscordChannels,
    dns: ZoneServer,
    mailcow: MailcowDouble,
    forked_python: ForkedPython,
) -> Bot:
    bot = Bot(tmp_path, discord, dns, forked_python)
    bot.environment |= {
        "DISCORD_GUILD_ID": str(GUILD),
        "REQUEST_CHANNEL_ID": str(CHANNEL),
        "ADMIN_USER_IDS": str(ADMIN),
        "MAILCOW_URL": mailcow.url,
        "MAILCOW_API_KEY": "write-key",
        "MAILCOW_READ_KEY": "read-key",
    }
    return bot


async def ask_and_approve(discord: DiscordChannels) -> None:
    await (await discord.run_command("dkim", {"domain": DOMAIN})).answered()
    card = await discord.message(CHANNEL, lambda message: has_button(message, APPROVE))
    await (await discord.click(button(card, "req:approve"), card, member=ADMIN)).acknowledged()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(MAX_WAIT):
        while not is_so():  # noqa: ASYNC110 - the double is plain state
            await asyncio.sleep(0.01)


def tells_key(double: MailcowDouble) -> Callable[[Json], bool]:
    def is_it(message: Json) -> bool:
        pair = double.dkim.get(DOMAIN)
        return pair is not None and pair.public[-40:] in text_of(message)

    return is_it


async def assert_told_once(discord: DiscordChannels, double: MailcowDouble) -> None:
    await discord.message(DIRECT, tells_key(double))
    await asyncio.sleep(0.5)  # in which a second one would come
    assert double.keys_made == Counter({DOMAIN: 1})
    assert len(discord.channels[DIRECT]) == 1
    assert len(discord.channels[CHANNEL]) == 1


async def test_an_approved_request_makes_a_key_and_tells_the_member(
    bot: Bot, discord: DiscordChannels, mailcow: MailcowDouble
) -> None:
    async with bot.running() as process:
        await ask_and_approve(discord)
        await assert_told_once(discord, mailcow)
        assert await bot.stop(process) == 0
    assert mailcow.routes("POST") == ["add/dkim"]
    for secret in mailcow.secrets():
        assert secret not in bot.says()


@pytest.mark.parametrize("gently", [False, True])
async def test_ended_while_mailcow_makes_the_key_it_is_made_and_told_once(
    bot: Bot, discord: DiscordChannels, mailcow: MailcowDouble, *, gently: bool
) -> None:
    mailcow.add_delay = 0.3
    async with bot.running() as process:
        await ask_and_approve(discord)
        await until(lambda: mailcow.routes("POST") == ["add/dkim"])
        if gently:
            assert await bot.stop(process) == 0
        else:
            process.kill()
            await process.wait()
    assert DIRECT not in discord.channels
    # A new process needs longer to start than Mailcow for a key; one that tests fork does not.
    await until(lambda: mailcow.keys_made[DOMAIN] == 1)
    async with bot.running() as process:
        await assert_told_once(discord, mailcow)
        assert await bot.stop(process) == 0
    assert "Traceback" not in bot.says()


async def test_a_key_that_a_killed_process_asked_for_and_that_comes_last_is_told(
    bot: Bot, discord: DiscordChannels, mailcow: MailcowDouble
) -> None:
    mailcow.held = held = asyncio.Event()
    async with bot.running() as process:
        await ask_and_approve(discord)
        await until(lambda: mailcow.routes("POST") == ["add/dkim"])
        process.kill()
        await process.wait()
    mailcow.held = None
    async with bot.running() as process:
        await until(lambda: mailcow.keys_made[DOMAIN] == 1)  # by the second process
        held.set()
        await until(lambda: mailcow.keys_made[DOMAIN] == 2)  # what the first asked for
        await discord.message(DIRECT, tells_key(mailcow))
        await asyncio.sleep(0.5)
        assert len(discord.channels[DIRECT]) == 1
        assert await bot.stop(process) == 0


@pytest.mark.parametrize("gently", [False, True])
async def test_ended_before_discord_confirms_the_message_is_not_sent_again(
    bot: Bot, discord: DiscordChannels, mailcow: MailcowDouble, *, gently: bool
) -> None:
    async with bot.running() as process:
        await ask_and_approve(discord)
        discord.loses_answers = True
        await discord.message(DIRECT, tells_key(mailcow))
        if gently:
            assert await bot.stop(process) == 0
        else:
            process.kill()
            await process.wait()
    discord.loses_answers = False
    # Discord forgets a nonce after some minutes.
    for message in discord.channels[DIRECT]:
        message["nonce"] = None
    async with bot.running() as process:
        await assert_told_once(discord, mailcow)
        assert await bot.stop(process) == 0
    assert "Traceback" not in bot.says()
