"""A resolver that answers nothing, through the unmodified program: what members read.

What the admin is told, once a second look has seen it too, is in the tests of the watch.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot_process import Bot
from discord_channels import DiscordChannels
from discord_payloads import CHANNEL, GUILD

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]


async def test_nobody_is_accused_of_a_resolver_that_is_silent(
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
            assert await bot.stop(process) == 0
