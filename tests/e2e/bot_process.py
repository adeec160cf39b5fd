"""The program as a process of its own, pointed at the stand-in for Discord."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from discord_standin import TOKEN, DiscordStandin

from bot.demo.world import DEMO_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.demo.zone_server import ZoneServer

ROOT = Path(__file__).parents[2]

# Points the library at the stand-in, and then is `python -m bot`.
PROGRAM = """
import sys
import discord.gateway, discord.http, yarl
discord.http.Route.BASE, gateway = sys.argv[1:3]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
sys.argv[1:3] = []
from bot.cli import main
raise SystemExit(main())
"""


class Bot:
    """The program in a folder of its own, started and ended as often as a test likes.

    `python` is what calls Python, with all that goes before it.
    """

    def __init__(
        self,
        folder: Path,
        discord: DiscordStandin,
        dns: ZoneServer,
        python: Sequence[str] = (sys.executable,),
    ) -> None:
        self.log = folder / "log"
        self._folder = folder
        self._discord = discord
        self._python = python
        self.environment = {
            **DEMO_ENVIRONMENT,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": TOKEN,
            "DATABASE_URL": "sqlite+aiosqlite:///bot.db",
            "DNS_SERVERS": "{}:{}".format(*dns.address),
        }

    async def start(self) -> asyncio.subprocess.Process:
        """Start it and return when it is connected."""
        self._discord.gateway_up.clear()
        process = await self.spawn()
        ended = asyncio.create_task(process.wait())
        ready = asyncio.create_task(self._discord.ready())
        await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
        assert not ended.done(), self.says()
        ended.cancel()
        await ready
        return process

    async def spawn(self) -> asyncio.subprocess.Process:
        with self.log.open("a") as log:
            return await asyncio.create_subprocess_exec(
                *self._python,
                "-c",
                PROGRAM,
                self._discord.api,
                self._discord.gateway,
                "run",
                cwd=self._folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run it while the block lasts; it is killed then where it has not ended."""
        process = await self.start()
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def stop(self, process: asyncio.subprocess.Process) -> int:
        """Return the exit code after SIGTERM."""
        process.terminate()
        return await asyncio.wait_for(process.wait(), 15)

    def says(self) -> str:
        return self.log.read_text()
