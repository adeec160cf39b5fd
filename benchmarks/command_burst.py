"""Commands that come in one instant to the unmodified program, against a stand-in for Discord.

Needs `tests` and `tests/e2e` in PYTHONPATH, whose stand-in it is; `make bench` has them.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot_process import Bot
from burst import time_burst
from discord_stand_in import DiscordStandIn

from benchmarks.figures import Figure, Times
from bot.demo import world
from bot.demo.zone_server import ZoneServer

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS: Final = 200
ROUNDS: Final = 9
MOST: Final = 100.0  # ms
CALM: Final = 1.0  # seconds between rounds, in which the bot ends what it has begun


def measure_burst() -> Iterator[Figure]:
    """Yield after how long the last of many commands is acknowledged."""
    rounds = asyncio.run(_time_rounds())
    latest = Times.of_seconds(Times(tuple(times)).percentile(99) for times in rounds)
    every = Times.of_seconds(seconds for times in rounds for seconds in times)
    yield Figure(
        f"{COMMANDS} commands in one instant, acknowledgement, 99th percentile",
        latest.median,
        "ms",
        MOST,
        detail=f"the median of {ROUNDS} rounds, {min(latest.values):.0f}–{max(latest.values):.0f};"
        f" p50 of all {every.median:.0f} ms",
    )


async def _time_rounds() -> list[list[float]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with ZoneServer(world.zones()) as server, DiscordStandIn() as discord:
            bot = Bot(Path(folder), discord, server, (sys.executable,))
            async with bot.running() as process:
                await time_burst(discord, COMMANDS)  # what is loaded late is loaded now
                rounds = []
                for _ in range(ROUNDS):
                    await asyncio.sleep(CALM)
                    rounds.append(await time_burst(discord, COMMANDS))
                await bot.stop(process)
            return rounds
