"""What a look costs a process that watches: real checks, settled in a real database.

As a program of its own it is that process, which measures itself and prints it as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.child import run_apart
from benchmarks.ours import key_of, make_resolver
from benchmarks.query_plans import record_statements
from benchmarks.sweep import peak_memory
from benchmarks.zones import make_server
from bot.console_commands.loaded import end_loading
from bot.errors import CowbellError
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.polling import WakeUp
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.store.engine.database import Database
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.known_keys import KnownKeys
from bot.watch.watch_worker import WatchWorker
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.server.server_report import ServerReport

_DAYS: Final = 2  # first looks are no usual ones: they are on the second day


@dataclass(frozen=True, slots=True)
class LookCost:
    """What looks took; `cpu` is of the process alone, in seconds, `peak` in MB."""

    looks: int
    cpu: float
    wall: float
    statements: int
    transactions: int
    peak: float


def measure_looks(url: str, port: int, dkim: Mapping[str, str]) -> LookCost:
    """Watch these domains in a fresh process, with the server of their zones at the port."""
    return LookCost(**run_apart("benchmarks.worker_looks", url, str(port), given=dict(dkim)))


class _Days:
    """A clock that is put forward to the end of a day, when all of that day is due."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def pass_day(self) -> None:
        self._ahead += timedelta(days=1)


async def _look_at_server() -> ServerReport:
    raise CowbellError("the mail server is not looked at here")


async def _watch(database: Database, port: int, dkim: Mapping[str, str]) -> dict[str, float]:
    days, keys = _Days(), KnownKeys(database)
    for name, value in dkim.items():
        key = key_of(value)
        await keys.learn(
            Domain.from_ascii(name),
            key.selector,
            key.record.text,
            KeySource(key.source),
            days.now(),
        )
    async with make_resolver(port) as resolver:
        checker = Checker(resolver.ask, make_server(), days.now, single_server=True)
        core = Core(make_server(), Words(), checker, DomainFacts(keys, days.now))
        looks, wake_up = DomainLooks(core, days.now), WakeUp()

        async def list_domains() -> tuple[Domain, ...]:
            return tuple(map(Domain.from_ascii, dkim))

        store = WatchStore.of(database)
        worker = WatchWorker(
            store.domains, looks.look, _look_at_server, list_domains, days.now, wake_up
        )
        looks.listen(worker.settle)
        await worker.step()
        transactions = [0]
        event.listen(Engine, "begin", lambda _: transactions.__setitem__(0, transactions[0] + 1))
        for _ in range(_DAYS):
            days.pass_day()
            transactions[0], cpu, wall, done = 0, time.process_time(), time.perf_counter(), 0
            with record_statements() as recording:
                while count := await worker.step():
                    done += count
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "looks": done,
        "cpu": cpu,
        "wall": wall,
        "statements": len(recording.statements),
        "transactions": transactions[0],
        "peak": peak_memory(),
    }


async def _work(url: str, port: int, dkim: Mapping[str, str]) -> dict[str, float]:
    async with await Database.open(url) as database:
        end_loading()
        return await _watch(database, port, dkim)


def main() -> None:
    """Watch the domains of the input, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    dkim: dict[str, str] = json.loads(sys.stdin.read())
    print(json.dumps(asyncio.run(_work(options.url, options.port, dkim))))


if __name__ == "__main__":
    main()
