"""The program as a process of its own, pointed at the stand-in for Discord."""

from __future__ import annotations

import asyncio
import copy
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from discord_stand_in import TOKEN, DiscordStandIn

from bot.demo.world import DEMO_ENVIRONMENT
from forked_python import ROOT, ForkedPython
from max_wait import MAX_WAIT
from strict_python import WARNINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

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
# The same, where rotations of keys may ask name servers at the loopback address.
LOCAL_PROGRAM = PROGRAM.replace(
    "from bot.cli import main",
    """from bot.app import rotation_parts
from bot.dns.authority import Authorities
rotation_parts.make_authorities = lambda settings: Authorities(True, settings.dns_port)
from bot.cli import main""",
)


class Process(Protocol):
    """What tests use of a process."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def send_signal(self, signal: int, /) -> None: ...


class NameServer(Protocol):
    """What answers the bot's questions: where it listens, host and port."""

    @property
    def address(self) -> tuple[str, int]: ...


class Bot:
    """The program in a folder of its own, started and ended as often as a test likes.

    `python` is what runs it: processes that begin with the imports done, or the words that call a
    Python, with all that goes before it; `program` is what they run.
    """

    def __init__(
        self,
        folder: Path,
        discord: DiscordStandIn,
        dns: NameServer,
        python: ForkedPython | Sequence[str] = (sys.executable,),
        *,
        program: str = PROGRAM,
    ) -> None:
        self._program = program
        self.log = folder / "log"
        self._folder = folder
        self._discord = discord
        self._python = python
        self.environment = {
            **DEMO_ENVIRONMENT,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": WARNINGS,
            "DISCORD_TOKEN": TOKEN,
            "DATABASE_URL": "sqlite+aiosqlite:///bot.db",
            "DNS_SERVERS": "{}:{}".format(*dns.address),
        }

    def in_folder(self, folder: Path) -> Bot:
        """Return another one beside the same Discord and name server, with the same settings."""
        other = copy.copy(self)
        other._folder, other.log = folder, folder / "log"
        other.environment = dict(self.environment)
        return other

    async def start(self) -> Process:
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

    async def spawn(self, command: str = "run") -> Process:
        """Start it with a command of the console."""
        words = self.words(command)
        with self.log.open("a") as log:
            if isinstance(self._python, ForkedPython):
                return self._python.start(
                    words, env=self.environment, cwd=self._folder, output=log.fileno()
                )
            return await asyncio.create_subprocess_exec(
                *self._python,
                *words,
                cwd=self._folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def words(self, *command: str) -> list[str]:
        """Return what to say to a Python to have it run a command beside the stand-in."""
        return ["-c", self._program, self._discord.api, self._discord.gateway, *command]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Process]:
        """Run it while the block lasts; it is killed then where it has not ended."""
        process = await self.start()
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def stop(self, process: Process) -> int:
        """Return the exit code after SIGTERM."""
        process.terminate()
        return await self.end(process)

    async def end(self, process: Process) -> int:
        """Return the exit code once it has ended by itself."""
        return await asyncio.wait_for(process.wait(), MAX_WAIT)

    def says(self) -> str:
        """Return all that it wrote."""
        return self.log.read_text()
