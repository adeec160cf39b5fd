"""What a slow check shows meanwhile, in real time: the simulated Discord stops the clock."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from discord_payloads import button

if TYPE_CHECKING:
    from pathlib import Path

    from bot_process import Bot
    from discord_stand_in import DiscordStandIn

    from bot.demo.zone_server import ZoneServer

pytest_plugins = ["process_fixtures"]


async def test_a_slow_check_says_after_a_second_and_a_half_what_it_does(
    bot: Bot, discord: DiscordStandIn, dns: ZoneServer
) -> None:
    async with bot.running():
        quick = await (
            await discord.run_command("dnscheck", {"domain": "mover.example"})
        ).answered()
        # A machine that is busy with other work may need longer for it.
        assert len(quick.shown) == 1 or time.monotonic() - quick.sent_at > 1.4
        dns.delay = 1.0
        slow = await discord.run_command("dnscheck", {"domain": "mover.example"})
        await slow.answered()
        assert time.monotonic() - slow.sent_at > 1.4
        assert "Checking `mover.example`" in slow.shown[0]
        await slow.until(lambda sent: "Checking" not in sent.texts)
        assert "mx.oldpost.example" in slow.texts
    assert "ERROR" not in bot.says()


async def test_a_card_comes_back_from_progress_where_its_check_fails(
    bot: Bot, discord: DiscordStandIn, dns: ZoneServer, tmp_path: Path
) -> None:
    async with bot.running():
        card = await (await discord.run_command("dnscheck", {"domain": "mover.example"})).answered()
        with closing(sqlite3.connect(tmp_path / "bot.db")) as store, store:
            store.execute(
                "CREATE TRIGGER full BEFORE INSERT ON stored_check "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        dns.delay = 1.0
        again = await discord.click(button(card.message, "again"), card.message)
        await again.until(lambda sent: bool(sent.others))
        assert "Checking `mover.example`" in again.shown[0]
        assert again.texts == card.texts
        assert button(again.message, "again") == button(card.message, "again")


async def test_who_has_two_checks_under_way_is_told_that_the_third_waits(
    bot: Bot, discord: DiscordStandIn, dns: ZoneServer
) -> None:
    async with bot.running():
        await (await discord.run_command("help")).answered()
        dns.delay = 1.0
        asked = [
            await discord.run_command("dnscheck", {"domain": f"{name}.example"})
            for name in ("mover", "friend", "newcomer")
        ]
        third = asked[2]
        await third.answered()
        assert "The check of `newcomer.example` waits: two of your checks" in third.shown[0]
        for sent in asked:
            await sent.answered()
            await sent.until(
                lambda sent: "Checking" not in sent.texts and "waits:" not in sent.texts
            )
        assert ":newcomer.example:" in button(third.message, "again")
    assert "ERROR" not in bot.says()
