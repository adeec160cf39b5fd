"""The mail server under load: rspamd and Redis with Mailcow's rule, its double, and senders."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.child import ROOT
from benchmarks.debian_rspamd import rspamd
from benchmarks.rotations_redis import RedisConnection, WrittenHash
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.mailcow_double.redis_hashes import PRIVATE, PUBLIC, SELECTORS, RedisHashes

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

    from benchmarks.rotations_dns import MemberZones

WRITE_KEY, READ_KEY = "write-key", "read-key"
OLD_SELECTOR: Final = "dkim"
KEY_HEAD: Final = "v=DKIM1;k=rsa;t=s;s=email;p="
_LONGEST: Final = 2**22  # octets of a line of the senders


@dataclass(frozen=True, slots=True)
class RealMailServer:
    """A mail server of which Mailcow's PHP alone is a double."""

    mailcow: MailcowDouble
    redis: RedisConnection


class SendersProcess:
    """Those who send, in a process of their own; see `benchmarks.rotations_senders`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._changed = asyncio.Event()
        self.sent = 0
        self.result: dict[str, Any] | None = None  # what became of all mails, at the end

    @classmethod
    @asynccontextmanager
    async def running(cls, zones: MemberZones, seed: int) -> AsyncIterator[SendersProcess]:
        """Yield senders who wait until they are told how many mails to send."""
        host, port = zones.resolver.address
        options = ("--seed", str(seed), "--server", f"{host}:{port}", *zones.domains)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.rotations_senders", *options),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST,
        )
        senders = cls(process)
        reading = asyncio.create_task(senders._read())
        try:
            yield senders
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await asyncio.gather(reading, return_exceptions=True)

    def tell(self, **what: object) -> None:
        """Tell them what is to change."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{json.dumps(what)}\n".encode())

    async def until_sent(self, number: int) -> None:
        """Return when so many mails were sent in all; raises RuntimeError where they ended."""
        while self.sent < number:
            await self._wait()

    async def finish(self) -> dict[str, Any]:
        """Return what became of all mails, each of which arrives once more now."""
        self.tell(end=True)
        while self.result is None:
            await self._wait()
        return self.result

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
        if self._process.returncode and self.result is None:
            raise RuntimeError("the senders ended; what they say is above")

    async def _read(self) -> None:
        if self._process.stdout is not None:
            async for line in self._process.stdout:
                told = json.loads(line)
                self.sent = told["sent"]
                self.result = told if "late" in told else None
                self._changed.set()
        await self._process.wait()
        self._changed.set()


@asynccontextmanager
async def mail_server(
    folder: Path, zones: MemberZones, *, pause: float = 0.0
) -> AsyncIterator[RealMailServer]:
    """Yield Mailcow's double before a real Redis, by which a real rspamd signs.

    All domains are there, and sign with a key of their own that is published. From then on each
    command to Redis waits for `pause` seconds.
    """
    keys = {WRITE_KEY: ApiKey(may_write=True), READ_KEY: ApiKey(may_write=False)}
    async with rspamd(folder / "rspamd", {}):
        with RedisConnection() as redis:
            hashes = RedisHashes(
                public=WrittenHash(redis, PUBLIC),
                selectors=WrittenHash(redis, SELECTORS),
                private=WrittenHash(redis, PRIVATE),
            )
            async with MailcowDouble(keys=keys) as mailcow:
                mailcow.dkim.hashes = hashes
                for domain in zones.domains:
                    pair = await asyncio.to_thread(DkimPair.make, OLD_SELECTOR)
                    mailcow.add_domain(domain)
                    mailcow.dkim[domain] = pair
                    zones.publish(domain, OLD_SELECTOR, f"{KEY_HEAD}{pair.public}")
                redis.pause = pause
                redis.gaps.clear()
                yield RealMailServer(mailcow, redis)
