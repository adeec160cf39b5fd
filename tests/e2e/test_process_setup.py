"""`/mailadmin setup` of the unmodified program while Mailcow says nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import CHANNEL, GUILD

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

ADMIN = 100000000000000077


async def test_the_other_parts_are_shown_at_once(
    tmp_path: Path, dns: ZoneServer, forked_python: ForkedPython
) -> None:
    keys = {"read-key": ApiKey(may_write=False)}
    async with DiscordChannels() as discord, MailcowDouble(keys=keys) as mailcow:
        mailcow.mood = MailcowFault.SILENT
        bot = Bot(tmp_path, discord, dns, forked_python)
        bot.environment |= {
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "ADMIN_USER_IDS": str(ADMIN),
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_READ_KEY": "read-key",
        }
        async with bot.running() as process:
            began = time.monotonic()
            sent = await discord.run_subcommand("mailadmin", "setup", member=ADMIN)
            await sent.answered()
            assert time.monotonic() - began < 4
            assert "**Mailcow**: is being looked at." in sent.texts
            assert "**Database**" in sent.texts
            await sent.until(lambda sent: "is being looked at" not in sent.texts)
            assert time.monotonic() - began < 25
            assert "❌ **Mailcow**" in sent.texts
            assert await bot.stop(process) == 0
