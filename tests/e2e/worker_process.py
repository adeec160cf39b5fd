"""`python -m bot work` as a process of its own, over a PostgreSQL database of the test's."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from test_health import free_port

from bot.demo.world import DEMO_ENVIRONMENT
from forked_python import ROOT, ForkedPython
from max_wait import MAX_WAIT
from strict_python import WARNINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from forked_python import ForkedProcess

COMMAND = ("-m", "bot", "work")
# The same, but what a process took is its alone for two seconds and no longer.
WITH_SHORT_LEASES = (
    "-c",
    """
import asyncio
from dataclasses import replace
from datetime import timedelta
from bot.app.work_parts import ALONE
from bot.app.work_root import work
from bot.config.loading import load_settings
lease = timedelta(seconds=2)
asyncio.run(work(load_settings(), replace(ALONE, look_lease=lease, request_lease=lease)))
""",
)


@dataclass
class WorkerProcess:
    """One worker, with a port to look at it."""

    python: ForkedPython
    folder: Path
    environment: dict[str, str]
    words: Sequence[str] = COMMAND
    port: int = field(default_factory=free_port)

    async def __aenter__(self) -> Self:
        environment = {**self.environment, "HEALTH_PORT": str(self.port)}
        self.log = self.folder / f"worker-{self.port}"
        with self.log.open("w") as log:
            self.process: ForkedProcess = self.python.start(
                self.words, env=environment, cwd=self.folder, output=log.fileno()
            )
        await self.says("working")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Return the exit code after SIGTERM."""
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), MAX_WAIT)

    async def says(self, words: str) -> None:
        """Return when it has written some words."""
        async with asyncio.timeout(MAX_WAIT):
            while words not in self.log.read_text():
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.01)

    async def get(self, path: str) -> str:
        """Return what its port answers."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=MAX_WAIT)) as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as response,
        ):
            return await response.text()


@dataclass
class Workers:
    """Starts workers that share a database and a name server."""

    python: ForkedPython
    folder: Path
    url: str
    dns: tuple[str, int]
    more: dict[str, str] = field(default_factory=dict)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of each of them; none has a token for Discord."""
        return {
            **DEMO_ENVIRONMENT,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": WARNINGS,
            "DATABASE_URL": self.url,
            "DNS_SERVERS": "{}:{}".format(*self.dns),
            **self.more,
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    async def start(self, words: Sequence[str] = COMMAND) -> WorkerProcess:
        """Return a worker that has begun."""
        worker = WorkerProcess(self.python, self.folder, self.environment, words)
        return await self.stack.enter_async_context(worker)
