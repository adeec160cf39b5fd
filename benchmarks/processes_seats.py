"""The processes of the soak: each in a place of its own, and started again whenever it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot_process import LOCAL_PROGRAM, Bot
from discord_payloads import CHANNEL, GUILD

from benchmarks.processes_people import ADMINS, FIRST_ADMIN
from benchmarks.processes_world import READ_KEY, WRITE_KEY
from postgres_way import PostgresWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot_process import Process

    from benchmarks.processes_world import World
    from forked_python import ForkedPython

# The program with other leases; all else is as it is. What has them may be imported already.
_LEASES: Final = """
from datetime import timedelta
from bot.app.work_parts import ALONE, BESIDE_MEMBERS
for pace in (ALONE, BESIDE_MEMBERS):
    for lease in ("look_lease", "request_lease", "rotation_lease"):
        object.__setattr__(pace, lease, timedelta(seconds={seconds}))
"""
_AGAIN: Final = (1.0, 3.0)  # seconds until a process is started again, as an init system does it
_SAMPLED: Final = 2.0  # seconds between two looks at what a process holds
_GROWN: Final = 20.0  # seconds after its start in which a process opens and loads what it needs
_STOPPED_WITHIN: Final = 40.0  # seconds
_log = logging.getLogger(__name__)
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Life:
    """One process from its start to its end; times are of the monotonic clock."""

    seat: str
    pid: int
    started: float
    ended: float | None = None
    ended_at: datetime | None = None  # by the clock that the database has, too
    code: int | None = None
    was_killed: bool = False
    memory: list[int] = field(default_factory=list)  # octets, once it has grown
    files: list[int] = field(default_factory=list)  # open descriptors, likewise

    def take_sample(self) -> None:
        """Note what it holds now."""
        with contextlib.suppress(OSError):  # it has ended just now
            pages = Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]
            files = len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
            self.memory.append(int(pages) * _PAGE)
            self.files.append(files)


class Seat:
    """A place for one process, with a way of its own to the database."""

    def __init__(self, name: str, command: str, bot: Bot, way: PostgresWay, world: World) -> None:
        self.name = name
        self.way = way
        self.lives: list[Life] = []
        self._command = command
        self._bot = bot
        self._world = world
        self._process: Process | None = None
        self._is_over = False

    @property
    def life(self) -> Life | None:
        """That of the process which runs now."""
        return self.lives[-1] if self.lives and self.lives[-1].ended is None else None

    async def keep(self) -> None:
        """Have a process run until `stop`; return when it has ended then."""
        while not self._is_over:
            await self._live()
            if not self._is_over:
                await asyncio.sleep(self._world.chance.uniform(*_AGAIN))

    async def _live(self) -> None:
        """Return when a process has ended that is begun now."""
        process = self._process = await self._bot.spawn(self._command)
        life = Life(self.name, process.pid, time.monotonic())
        self.lives.append(life)
        _log.info("%s begins as %d", self.name, life.pid)
        self._world.discord.pids.add(process.pid)
        sampling = asyncio.create_task(_sample(life))
        try:
            life.code = await process.wait()
        finally:
            if life.code is None:
                process.kill()  # the soak itself ends before its time
            sampling.cancel()
            life.ended, life.ended_at = time.monotonic(), datetime.now(UTC)
            self._world.discord.pids.discard(process.pid)
        if not life.was_killed:
            _log.info("%s (%d) ended by itself with %d", self.name, life.pid, life.code)

    def kill(self) -> None:
        """End its process at once."""
        if self.life is not None and self._process is not None:
            self.life.was_killed = True
            self._process.kill()

    async def stop(self, keeping: asyncio.Task[None]) -> int | None:
        """Ask its process to stop, and return its exit code; None where it did not in time."""
        self._is_over = True
        if self.life is not None and self._process is not None:
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOPPED_WITHIN):
                await asyncio.shield(keeping)
        except TimeoutError:
            self.kill()
            await keeping
            return None
        return self.lives[-1].code

    def says(self) -> str:
        """Return all that its processes wrote."""
        return self._bot.says()


@contextlib.asynccontextmanager
async def kept(seats: Sequence[Seat]) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """Have a process run in each seat while the block lasts; yield what keeps them, by name."""
    keeping = {seat.name: asyncio.create_task(seat.keep()) for seat in seats}
    try:
        yield keeping
    finally:
        for task in keeping.values():
            task.cancel()
        await asyncio.gather(*keeping.values(), return_exceptions=True)


async def _sample(life: Life) -> None:
    await asyncio.sleep(_GROWN)
    while True:
        life.take_sample()
        await asyncio.sleep(_SAMPLED)


async def open_seats(
    world: World,
    folder: Path,
    python: ForkedPython | Sequence[str],
    stack: contextlib.AsyncExitStack,
    *,
    lease: float | None,
) -> list[Seat]:
    """Return a seat for each process of the world; their ways are closed with the stack.

    `lease` is for how many seconds looks, requests and rotations are leased; None: as usual.
    """
    seats, program = [], LOCAL_PROGRAM
    if lease is not None:
        start = "from bot.cli import main"
        program = program.replace(start, f"{_LEASES.format(seconds=lease)}{start}")
    names = [(f"work-{number}", "work") for number in range(world.extent.workers)]
    names += [(f"run-{number}", "run") for number in range(world.extent.runs)]
    for name, command in names:
        way = await stack.enter_async_context(PostgresWay(world.postgres))
        own = folder / name
        own.mkdir()
        bot = Bot(own, world.discord, world.dns, python, program=program)
        bot.environment |= {
            "DATABASE_URL": way.url_of(world.database),
            "STANDBY": "true",
            "DISCORD_GUILD_ID": str(GUILD),
            "REQUEST_CHANNEL_ID": str(CHANNEL),
            "ADMIN_USER_IDS": ",".join(str(FIRST_ADMIN + place) for place in range(ADMINS)),
            "MAILCOW_URL": world.mailcow.url,
            "MAILCOW_API_KEY": WRITE_KEY,
            "MAILCOW_READ_KEY": READ_KEY,
            "DNS_PORT": str(world.dns.address[1]),  # its zones name it as their name server
        }
        seats.append(Seat(name, command, bot, way, world))
    return seats
