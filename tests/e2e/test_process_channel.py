"""The request channel of the unmodified program is deleted, and another one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot_process import Bot
from discord_channels import DIRECT, DiscordChannels, has_button
from discord_payloads import CHANNEL, GUILD, text_of
from test_health import WatchedBot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from discord_payloads import Json

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

ADMIN = 100000000000000077
OTHER = 100000000000000555


def is_card(message: Json) -> bool:
    return has_button(message, "cowbell:req:approve:")


def is_card_of(kind: str) -> Callable[[Json], bool]:
    return lambda message: is_card(message) and kind in text_of(message)


async def test_requests_outlive_their_channel_and_are_shown_in_the_next_one(
    tmp_path: Path, dns: ZoneServer, forked_python: ForkedPython
) -> None:
    async with DiscordChannels() as discord:
        bot = Bot(tmp_path, discord, dns, forked_python)
        bot.environment |= {
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "ADMIN_USER_IDS": str(ADMIN),
        }
        watched = WatchedBot(bot, discord)
        async with bot.running() as process:
            await (await discord.run_command("dkim", {"domain": "friend.example"})).answered()
            await discord.message(CHANNEL, is_card)
            discord.deleted.add(CHANNEL)
            await (await discord.run_command("webmail", {"domain": "friend.example"})).answered()
            told = await discord.message(DIRECT, lambda message: True)
            assert f"there is no channel `{CHANNEL}` any more" in text_of(told)
            await watched.until("/readyz", (503, "request-channel\n"))
            mine = await (await discord.run_command("requests")).answered()
            assert "cannot be reached; they were told" in mine.texts
            assert "The admin decides" not in mine.texts
            assert await bot.stop(process) == 0
        bot.environment["REQUEST_CHANNEL_ID"] = str(OTHER)
        async with bot.running() as process:
            for kind in ("DKIM", "Webmail alias"):
                await discord.message(OTHER, is_card_of(kind))
            await watched.until("/readyz", (200, "ok\n"))
            mine = await (await discord.run_command("requests")).answered()
            assert "The admin decides about your request" in mine.texts
            assert await bot.stop(process) == 0
        assert len(discord.channels[OTHER]) == 2
        assert len(discord.channels[DIRECT]) == 1
