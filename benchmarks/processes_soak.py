"""Several unmodified processes on one PostgreSQL, disturbed in every way: what is lost or doubled.

`python -m benchmarks.processes_soak`, or `make soak-processes`: three `work` and two `run` over a
real PostgreSQL, with stand-ins for Discord, Mailcow and the DNS. Members ask, admins decide and
change DKIM keys, and domains break and are mended; a member sends a command twice a second.
Meanwhile processes are killed, the database is started anew, and the way to it is cut. When all has
come to rest, what was lost or done twice is told. Needs `PYTHONPATH=.:tests:tests/e2e`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import sys
import tempfile
import time
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.figures import write_part
from benchmarks.processes_disturbances import Disturbances
from benchmarks.processes_people import People
from benchmarks.processes_probe import Probe
from benchmarks.processes_report import SoakResult, describe, format_report, format_table
from benchmarks.processes_rotations import KeyChanges
from benchmarks.processes_seats import Seat, kept, open_seats
from benchmarks.processes_takeover import takeovers
from benchmarks.processes_verdict import judge
from benchmarks.processes_world import Extent, World, open_world
from bot.requests.worker import LEASE as REQUEST_LEASE
from bot.rotations.rotation_worker import LEASE as ROTATION_LEASE
from bot.watch.watch_worker import LEASE as LOOK_LEASE
from forked_python import ForkedPython
from postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from postgres_server import PostgresServer

_AT_FIRST: Final = 60.0  # seconds until the processes are there and have listed the domains
_AFTER_LEASE: Final = 120.0  # seconds beyond the longest lease until all has come to rest
_log = logging.getLogger(__name__)
# Faults of ours; a command that fails with the database is logged with a traceback as well.
_BAD_WORDS: Final = ("CRITICAL", "never retrieved", "never awaited", "unclosed", "a job failed")


class ProcessesSoak:
    """The soak from the start of the processes to the verdict."""

    def __init__(self, world: World, seats: list[Seat], leases: Mapping[str, float]) -> None:
        self._world = world
        self._seats = seats
        self._leases = leases
        self.people = People(world)
        self.changes = KeyChanges(world)
        self.probe = Probe(world.discord)
        self.disturbances = Disturbances(world, seats)

    async def run(self) -> SoakResult:
        """Return what came of it when all processes have ended."""
        began = time.monotonic()
        async with kept(self._seats) as keeping:
            await self._until_listed()
            await self._disturb()
            ended_at = datetime.now(UTC)  # what comes due while they are stopped, nobody looks at
            codes = [await seat.stop(keeping[seat.name]) for seat in self._seats]
        verdict = await judge(self._world, self.people, ended_at)
        await self.changes.judge(verdict)
        for seat, code in zip(self._seats, codes, strict=True):
            if code != 0:
                verdict.said.append(f"{seat.name} ended with {code}")
            verdict.said += [f"{seat.name} wrote {w}" for w in _BAD_WORDS if w in seat.says()]
        return SoakResult(
            verdict,
            tuple(self.probe.gaps(self.disturbances.done)),
            await self._find_takeovers(),
            dict(self._leases),
            tuple(life for seat in self._seats for life in seat.lives),
            tuple(self.disturbances.done),
            self.probe.sent,
            self.probe.refused,
            time.monotonic() - began,
        )

    async def _disturb(self) -> None:
        """Return when everything was done to the processes, and has come to rest."""
        seconds = self._world.extent.minutes * 60
        async with asyncio.TaskGroup() as group:
            endless = [group.create_task(work) for work in (self.probe.run(), self._look())]
            acting = group.create_task(self._act(seconds))
            await self.disturbances.run(seconds)
            self._say("all is done to them; waiting for the rest")
            with suppress(TimeoutError):
                async with asyncio.timeout(max(self._leases.values()) + _AFTER_LEASE):
                    await acting
                    endless[1].cancel()
                    await self._until_quiet()
                    await self._world.pass_time_of_news()
                    await self._until_quiet()
            self._say("over")
            for task in (acting, *endless):
                task.cancel()

    async def _find_takeovers(self) -> dict[str, list[float]]:
        ends = {
            life.pid: life.ended_at
            for seat in self._seats
            for life in seat.lives
            if life.was_killed and life.ended_at is not None
        }
        record = self._world.record
        return {t: list(takeovers(await record.changes(t), ends)) for t in self._leases}

    async def _until_listed(self) -> None:
        wanted = len(self._world.steady) + len(self._world.faults)
        query = "SELECT count(*) FROM watched WHERE hosted"
        async with asyncio.timeout(_AT_FIRST):
            while (await self._world.record.rows(query))[0][0] < wanted:  # noqa: ASYNC110 - others write it
                await asyncio.sleep(0.2)
            await self._world.discord.ready()

    async def _act(self, seconds: float) -> None:
        """Have everything happen that people do."""
        faults = self._world.faults
        every = min(12.0, max(seconds / 12, 3.0))
        async with asyncio.TaskGroup() as group:
            group.create_task(self.people.ask_for_all(0.8 * seconds))
            group.create_task(self.changes.change_all(0.6 * seconds))
            for place, fault in enumerate(faults):
                after = 0.7 * seconds * place / len(faults)
                group.create_task(self.people.break_and_mend(fault, after, every))

    async def _look(self) -> None:
        """Have looks come due at domains of which nothing else comes."""
        for name in itertools.cycle(self._world.steady):
            await self._world.pass_time(name)
            await asyncio.sleep(1 / self._world.extent.looks)

    async def _until_quiet(self) -> None:
        """Return when nothing is due, leased or untold any more, and stays so for a while."""
        query = (
            "SELECT (SELECT count(*) FROM watched WHERE lease_until IS NOT NULL OR due_at <= now())"
            " + (SELECT count(*) FROM request WHERE lease_until IS NOT NULL OR due_at <= now())"
            " + (SELECT count(*) FROM rotation WHERE lease_until IS NOT NULL OR due_at <= now())"
            " + (SELECT count(*) FROM outbox WHERE ended_at IS NULL)"
            " + (SELECT count(*) FROM watch_news WHERE ended_at IS NULL AND due_at <= now())"
        )
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < self._world.extent.quiet:
            await asyncio.sleep(0.2)
            if (await self._world.record.rows(query))[0][0]:
                quiet_since = time.monotonic()

    def _say(self, text: str) -> None:
        live = sum(case.is_live for case in self.people.cases)
        _log.info(
            "%s: %d of %d requests live, %d of %d keys changed, %d of %d faults mended, "
            "%d disturbances",
            text,
            live,
            len(self.people.cases),
            sum(case.is_over for case in self.changes.cases),
            self._world.extent.rotations,
            len(self.people.mended),
            len(self._world.faults),
            len(self.disturbances.done),
        )


async def soak(
    extent: Extent,
    seed: int,
    postgres: PostgresServer,
    folder: Path,
    python: ForkedPython | Sequence[str] = (sys.executable,),
    *,
    lease: float | None = None,
) -> SoakResult:
    """Return what came of a soak; `lease` is in seconds, None for those of the program."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(extent, seed, postgres))
        seats = await open_seats(world, folder, python, stack, lease=lease)
        leases = {
            "watched": LOOK_LEASE.total_seconds() if lease is None else lease,
            "request": REQUEST_LEASE.total_seconds() if lease is None else lease,
            "rotation": ROTATION_LEASE.total_seconds() if lease is None else lease,
        }
        return await ProcessesSoak(world, seats, leases).run()


def main() -> int:
    """Run the soak and print what came of it; the code is 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    for one in fields(Extent):
        kind = float if isinstance(one.default, float) else int
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=kind, default=one.default)
    parser.add_argument("--lease", type=float, help="seconds, in place of those of the program")
    parser.add_argument("--keep", type=Path, help="a folder for the logs")
    parser.add_argument("--forked", action="store_true", help="fork processes after the imports")
    parser.add_argument("--write", action="store_true", help="put the figures into the README")
    options = vars(parser.parse_args())
    seed, keep, lease = (options.pop(name) for name in ("seed", "keep", "lease"))
    forked, writes = options.pop("forked"), options.pop("write")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    extent = replace(Extent(), **options)
    with (
        tempfile.TemporaryDirectory(prefix="processes-") as name,
        running_postgres(Path(name) / "postgres") as postgres,
        ForkedPython() if forked else nullcontext((sys.executable,)) as python,
    ):
        folder = Path(name) if keep is None else keep
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak(extent, seed, postgres, folder, python, lease=lease))
    print(format_report(result))
    if writes:
        today = datetime.now(UTC).date()
        sizes = (
            f"{extent.domains} domains, {extent.requests} requests, {extent.faults} faults, "
            f"{extent.kills} kills in {extent.minutes:g} minutes"
        )
        said = f"Measured on {today}, seed {seed}, {sizes}: {describe(result)}."
        write_part("processes", f"{said}\n\n{format_table(result)}")
    return 1 if any(result.missed()) else 0


if __name__ == "__main__":
    sys.exit(main())
