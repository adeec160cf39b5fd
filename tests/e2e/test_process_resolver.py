"""A resolver that answers nothing, through the unmodified program: what member and admin read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import CHANNEL, GUILD, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]


async def test_nobody_is_accused_and_the_admin_is_told_once(
    tmp_path: Path, dns: ZoneServer, forked_python: ForkedPython
) -> None:
    async with DiscordChannels() as discord:
        bot = Bot(tmp_path, discord, dns, forked_python)
        bot.environment |= {"DISCORD_GUILD_ID": str(GUILD), "REQUEST_CHANNEL_ID": str(CHANNEL)}
        async with bot.running() as process:
            dns.lose = lambda _: True
            members = [
                await discord.run_command("dnscheck", {"domain": domain}, member=2 * 10**17 + place)
                for place, domain in enumerate(("friend.example", "eager.example"))
            ]
            async with asyncio.timeout(30):
                for sent in members:
                    await sent.until(lambda sent: "resolver" in sent.texts, 30)
                    assert "Our own resolver does not answer" in sent.texts
                    assert "That is no fault of your domain" in sent.texts
                    assert "The name servers" not in sent.texts
            told = await discord.message(CHANNEL, lambda message: True)
            assert "**The resolver (`DNS_SERVERS`) does not answer:**" in text_of(told)
            assert "`/mailadmin setup`" in text_of(told)
            await asyncio.sleep(0.5)  # in which a second one would come
            assert len(discord.channels[CHANNEL]) == 1
            assert await bot.stop(process) == 0
