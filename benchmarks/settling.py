"""Processes that do nothing but take looks that are due and settle them, side by side.

What is looked at is made up at once, so that the database alone is measured. As a program of its
own it is one of these processes, and prints what it did as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.child import ROOT, BenchmarkError
from benchmarks.sample_looks import SampleLooks
from bot.names import Domain
from bot.store.engine.database import Database
from bot.store.repositories.for_watch import WatchStore
from bot.watch.judgement import judge_domain
from bot.watch.watch_worker import AT_ONCE
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

    from bot.watch.watched_domain import Watched

_A_SECOND: Final = timedelta(days=2)  # of the clock by which looks are due: all of them, always
_LEASE: Final = timedelta(days=400)
_CONFLICTS: Final = frozenset({"40001", "40P01", "23505"})
_LAST: Final = timedelta(days=5)  # of a fault, by that clock


@dataclass(frozen=True, slots=True)
class Settled:
    """What processes came to: looks that were settled, and transactions that were repeated."""

    looks: int
    repeated: int
    opened: int  # looks at a domain that was broken just then
    seconds: float
    cpu: float

    @property
    def share_repeated(self) -> float:
        """Transactions that were repeated, for each look that was settled."""
        return self.repeated / max(self.looks, 1)


async def measure_settling(
    url: str, begin: datetime, *, processes: int, seconds: float, broken: int
) -> Settled:
    """Return what so many processes came to; of 1,000 domains `broken` are so at a time."""
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.settling", url, begin.isoformat()),
            *(str(seconds), str(broken)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(processes)
    ]
    for process in running:  # each says when it is ready
        if process.stdout is not None:
            await process.stdout.readline()
    began = f"{time.time() + 0.1}\n".encode()
    told = [(await process.communicate(began))[0] for process in running]
    if any(process.returncode for process in running):
        raise BenchmarkError("a process that settles looks failed; what it says is above.")
    done = [json.loads(text) for text in told]
    return Settled(
        looks=sum(each["looks"] for each in done),
        repeated=sum(each["repeated"] for each in done),
        opened=sum(each["opened"] for each in done),
        seconds=seconds,
        cpu=sum(each["cpu"] for each in done),
    )


class _Settler:
    """One process: takes what is due and settles it, until the time is over."""

    def __init__(self, store: WatchStore, looks: SampleLooks, begin: datetime, broken: int) -> None:
        self._store = store
        self._looks = looks
        self._begin = begin
        self._broken = broken
        self.looks = self.opened = 0

    async def run(self, began: float, seconds: float) -> None:
        await asyncio.sleep(max(0.0, began - time.time()))
        while time.time() < began + seconds:
            now = self._begin + (time.time() - began) * _A_SECOND
            taken = await self._store.domains.take_due(now, _LEASE, AT_ONCE)
            await asyncio.gather(*(self._settle(watched, now) for watched in taken))

    async def _settle(self, taken: Watched, now: datetime) -> None:
        if taken.subject == MAIL_SERVER:
            await self._store.domains.put_off(taken, now + _A_SECOND)
            return
        is_broken = self._is_broken(taken.subject, now)
        seen = self._looks.at(Domain.from_ascii(taken.subject), now, broken=is_broken)
        await self._store.domains.settle(
            {taken.subject: lambda standing: judge_domain(standing, seen, now)}, now, taken
        )
        self.looks += 1
        self.opened += is_broken

    def _is_broken(self, subject: str, now: datetime) -> bool:
        """Whether a domain is broken, which others are after some days."""
        turn = (now - self._begin) // _LAST
        digest = hashlib.blake2b(f"{subject} {turn}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") % 1_000 < self._broken


def _count_conflicts(counts: list[int]) -> None:
    @event.listens_for(Engine, "handle_error")
    def note(context: ExceptionContext) -> None:
        counts[0] += getattr(context.original_exception, "sqlstate", None) in _CONFLICTS


async def _work(options: argparse.Namespace) -> dict[str, float]:
    counts, looks = [0], await SampleLooks.make()
    _count_conflicts(counts)
    async with await Database.open(options.url) as database:
        begin = datetime.fromisoformat(options.begin)
        settler = _Settler(WatchStore.of(database), looks, begin, options.broken)
        print("ready", flush=True)
        began = float(sys.stdin.readline())
        cpu = time.process_time()
        await settler.run(began, options.seconds)
        cpu = time.process_time() - cpu
    return {
        "looks": settler.looks,
        "repeated": counts[0],
        "opened": settler.opened,
        "cpu": cpu,
    }


def main() -> None:
    """Settle looks, and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("begin")
    parser.add_argument("seconds", type=float)
    parser.add_argument("broken", type=int)
    print(json.dumps(asyncio.run(_work(parser.parse_args()))))


if __name__ == "__main__":
    main()
