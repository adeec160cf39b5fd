"""What end-to-end tests share: the demo's world in a name server, Discord, the console, the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bot_process import Bot
from console_process import ConsoleProcess
from discord_stand_in import DiscordStandIn

from bot.demo import world
from bot.demo.zone_server import ZoneServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from conftest import CaseFile
    from forked_python import ForkedPython


@pytest.fixture
async def dns() -> AsyncIterator[ZoneServer]:
    """The world of the demo."""
    async with ZoneServer(world.zones()) as server:
        yield server


@pytest.fixture
async def discord() -> AsyncIterator[DiscordStandIn]:
    """Discord without channels."""
    async with DiscordStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def bot(
    tmp_path: Path, discord: DiscordStandIn, dns: ZoneServer, forked_python: ForkedPython
) -> Bot:
    """The bot, not running yet."""
    return Bot(tmp_path, discord, dns, forked_python)


@pytest.fixture
def console(case_file: CaseFile, tmp_path: Path, forked_python: ForkedPython) -> ConsoleProcess:
    """The console in an empty folder, with the configuration of the cases."""
    return ConsoleProcess(case_file.environment, tmp_path, forked_python)
