"""How `run` exits where it cannot start: with 2 where trying again is in vain, else with 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from discord_stand_in import DiscordStandIn

from bot.demo import world
from bot.demo.zone_server import ZoneServer

if TYPE_CHECKING:
    from pathlib import Path

    from forked_python import ForkedPython


@pytest.fixture
async def bot(tmp_path: Path, forked_python: ForkedPython) -> Bot:
    """A bot whose Discord and DNS have gone away."""
    async with DiscordStandIn() as discord, ZoneServer(world.zones()) as dns:
        return Bot(tmp_path, discord, dns, forked_python)


async def test_without_an_answer_from_discord_it_may_be_started_again(bot: Bot) -> None:
    assert await _end(bot) == 1
    assert bot.says().splitlines()[-1].startswith("Discord cannot be reached: ")
    assert "Traceback" not in bot.says()


async def test_with_a_store_that_cannot_be_opened_it_may_be_started_again(
    bot: Bot, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    bot.environment["DATABASE_URL"] = "sqlite+aiosqlite:///file/bot.db"
    assert await _end(bot) == 1
    assert len(bot.says().splitlines()) == 1


async def test_with_a_wrong_configuration_it_must_not_be_started_again(bot: Bot) -> None:
    bot.environment["MAIL_SPF"] = "v=spf1 +all"
    assert await _end(bot) == 2
    assert bot.says().startswith("MAIL_SPF: ")


async def _end(bot: Bot) -> int:
    process = await bot.spawn()
    return await bot.end(process)
