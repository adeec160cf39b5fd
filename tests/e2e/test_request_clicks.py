"""Two admins who click at the same time, again and again, over HTTP on the unmodified program."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bot_process import Bot
from discord_channels import DIRECT, DiscordChannels, has_button
from discord_payloads import CHANNEL, GUILD, MEMBER, button, text_of

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble

if TYPE_CHECKING:
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from forked_python import ForkedPython

pytest_plugins = ["process_fixtures"]

ADMINS = (100000000000000077, 100000000000000078)
CLICKS = 50


async def test_fifty_clicks_of_two_admins_come_to_one_decision(
    tmp_path: Path, dns: ZoneServer, forked_python: ForkedPython
) -> None:
    keys = {"write-key": ApiKey(may_write=True), "read-key": ApiKey(may_write=False)}
    async with (
        DiscordChannels() as discord,
        MailcowDouble(keys=keys) as mailcow,
    ):
        mailcow.add_domain("mover.example")
        bot = Bot(tmp_path, discord, dns, forked_python)
        bot.environment |= {
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "ADMIN_USER_IDS": ",".join(map(str, ADMINS)),
            "MAILCOW_URL": mailcow.url,
            "MAILCOW_API_KEY": "write-key",
            "MAILCOW_READ_KEY": "read-key",
        }
        async with bot.running() as process:
            await (await discord.run_command("dkim", {"domain": "mover.example"})).answered()
            approve = "cowbell:req:approve:"
            card = await discord.message(CHANNEL, lambda message: has_button(message, approve))
            number = button(card, "req:approve")

            stranger = await (await discord.click(number, card, member=MEMBER)).answered()
            assert "Only admins" in stranger.texts
            assert mailcow.routes("POST") == []

            clicks = await asyncio.gather(
                *(discord.click(number, card, member=ADMINS[n % 2]) for n in range(CLICKS))
            )
            await asyncio.gather(*(click.answered() for click in clicks))
            told = await discord.message(
                DIRECT, lambda message: "mover.example" in text_of(message)
            )
            await asyncio.sleep(0.5)  # in which a second one would come
            assert await bot.stop(process) == 0
        assert discord.channels[DIRECT] == [told]
        assert mailcow.routes("POST") == ["add/dkim"]

        with closing(sqlite3.connect(tmp_path / "bot.db")) as store:
            decisions = store.execute(
                "SELECT actor_id FROM audit WHERE actor_kind = 'admin'"
            ).fetchall()
        ((winner,),) = decisions
        assert winner in ADMINS
        beaten = [click for click in clicks if click.others]
        assert len(beaten) == CLICKS - 1
        for click in beaten:
            (notice,) = map(text_of, click.others)
            assert "was decided already" in notice
            assert f"<@{winner}>" in notice
            assert "<t:" in notice
    assert "Traceback" not in bot.says()
