"""Measures what docs/scale.md says: `python -m benchmarks.scale`, with --write into the page.

Over made-up rows of 100,000 watched domains it shows what each step of the daily life has
PostgreSQL and SQLite do; it has processes settle looks side by side; it watches domains with real
checks; and it lets days pass. The PostgreSQL is that of the tests, which have to be in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.authority import run_authority
from benchmarks.child import ROOT
from benchmarks.figures import Figure, format_line, format_table, write_part
from benchmarks.many_rows import Extent, ManyRows
from benchmarks.sample_looks import SampleLooks
from benchmarks.settling import measure_settling
from benchmarks.step_costs import NOW, measure_steps
from benchmarks.stored_days import EVERY, WatchedDays
from benchmarks.worker_looks import measure_looks
from benchmarks.zones import MEMBER, PLAIN_MEMBER, make_world
from bot.errors import CowbellError
from bot.store.engine.database import Database
from postgres_server import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from benchmarks.settling import Settled
    from benchmarks.step_costs import Sizes, StepCost
    from benchmarks.worker_looks import LookCost
    from postgres_server import PostgresServer

PAGE: Final = ROOT / "docs" / "scale.md"
DOMAINS: Final = 100_000
SOME: Final = 2_000  # domains, where SQLite and PostgreSQL both serve
SECONDS: Final = 10.0  # of settling
BROKEN: Final = 20  # of 1,000 domains, at a time
WATCHED: Final = 500  # domains that are really checked
PASSED: Final = (20, 60)  # domains and days that pass
# As an operator has it, and not as the tests do: what was written is on the disk.
_SETTINGS: Final = (
    "fsync = on",
    "full_page_writes = on",
    "synchronous_commit = on",
    "shared_buffers = '512MB'",
    "max_wal_size = '4GB'",
)
_POSTGRESQL, _SQLITE = "PostgreSQL", "SQLite"


class Scale:
    """The figures over one server, and files in one folder."""

    def __init__(self, server: PostgresServer, folder: Path, domains: int) -> None:
        self._server = server
        self._folder = folder
        self._domains = domains
        self.plans: list[tuple[StepCost, StepCost]] = []

    async def measure(self) -> AsyncIterator[Figure]:
        """Yield each figure when it is known."""
        await self._be_durable()
        async for each in self._measure_steps():
            yield each
        for processes in (1, 3):
            async with self._server.database() as name:
                await _fill(self._server.url_of(name), SOME)
                async for each in self._settle(name, SOME, processes):
                    yield each
        url = f"sqlite+aiosqlite:///{self._folder / 'settle.db'}"
        await _fill(url, SOME)
        yield await _settle_on_sqlite(url, SOME)
        for each in await self._watch():
            yield each
        async for each in self._pass_days():
            yield each

    async def _be_durable(self) -> None:
        connection = await self._server.connect()
        for setting in _SETTINGS:
            await connection.execute(f"ALTER SYSTEM SET {setting}")
        await connection.close()
        self._server.restart()

    async def _measure_steps(self) -> AsyncIterator[Figure]:
        async with self._server.database() as name:
            connection = await self._server.connect(name)
            vacuum = partial(connection.execute, "VACUUM (ANALYZE)")
            costs, sizes = await measure_steps(self._server.url_of(name), self._domains, vacuum)
            await connection.close()
            for each in _of_holds(costs, _POSTGRESQL, self._domains):
                yield each
            async for each in self._settle(name, self._domains, 3):
                yield each
        path = self._folder / "steps.db"
        url = f"sqlite+aiosqlite:///{path}"
        others, _ = await measure_steps(url, self._domains)
        self.plans = list(zip(costs, others, strict=True))
        for each in _of_holds(others, _SQLITE, self._domains):
            yield each
        for each in _of_sizes(sizes, path.stat().st_size, self._domains):
            yield each
        yield await _settle_on_sqlite(url, self._domains)

    async def _settle(self, name: str, domains: int, processes: int) -> AsyncIterator[Figure]:
        """Yield what processes come to over a database that has rows."""
        connection = await self._server.connect(name)
        began = await connection.fetchval("SELECT pg_current_wal_lsn()")
        cpu = self._read_cpu()
        settled = await measure_settling(
            self._server.url_of(name), NOW, processes=processes, seconds=SECONDS, broken=BROKEN
        )
        octets = await connection.fetchval(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::bigint", began
        )
        await connection.close()
        for each in _of_settling(settled, octets, self._read_cpu() - cpu, domains, processes):
            yield each

    def _read_cpu(self) -> float:
        """Return the seconds of CPU that the server's processes have used, ended ones too."""
        first = (self._folder / "postgres" / "postmaster.pid").read_text().split()[0]
        running = (
            int(file.parent.name)
            for file in Path("/proc").glob("[0-9]*/stat")
            if _read_stat(file)[1:2] == [first]
        )
        ended = sum(map(int, _read_stat(Path(f"/proc/{first}/stat"))[13:15]))
        used = (_read_stat(Path(f"/proc/{pid}/stat"))[11:13] for pid in (int(first), *running))
        return (ended + sum(int(tick) for ticks in used for tick in ticks)) / os.sysconf(
            "SC_CLK_TCK"
        )

    async def _settle_on_sqlite(self, domains: int) -> Settled:
        url = f"sqlite+aiosqlite:///{self._folder / f'settle{domains}.db'}"
        await _fill(url, domains)
        return await measure_settling(url, NOW, processes=1, seconds=SECONDS, broken=BROKEN)

    async def _watch(self) -> list[Figure]:
        world = make_world(WATCHED)
        dkim = {n: v for n, v in world.dkim.items() if n not in {MEMBER, PLAIN_MEMBER}}
        with run_authority(world) as authority:
            async with self._server.database() as name:
                url = self._server.url_of(name)
                cost = await asyncio.to_thread(measure_looks, url, authority.port, dkim)
            file = f"sqlite+aiosqlite:///{self._folder / 'looks.db'}"
            other = await asyncio.to_thread(measure_looks, file, authority.port, dkim)
        return [*_of_looks(cost, _POSTGRESQL, authority.name), *_of_looks(other, _SQLITE, "")]

    async def _pass_days(self) -> AsyncIterator[Figure]:
        looks, (domains, days) = await SampleLooks.make(), PASSED
        passed = []
        for faulty in (0, domains):
            async with self._server.database() as name:
                connection = await self._server.connect(name)
                began = await connection.fetchval("SELECT pg_current_wal_lsn()")
                async with await Database.open(self._server.url_of(name)) as database:
                    watch = WatchedDays(database, looks, NOW, domains, faulty)
                    passed.append(await watch.pass_days(days))
                octets = await connection.fetchval(
                    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::bigint", began
                )
                await connection.close()
            done = passed[-1]
            how = f"with a fault each {EVERY} days" if faulty else "quiet"
            yield Figure(
                f"Looks a domain and day, {how}",
                done.looks / (domains * days),
                "",
                detail=f"{domains} domains, {days} days; {octets / (domains * days):.0f} octets of "
                "WAL a domain and day, the hourly list and the look at the mail server among them",
            )
        quiet, broken = passed
        faults = max(broken.incidents, 1)
        yield Figure(
            "Rows of history a fault",
            (broken.changes - quiet.changes + broken.incidents) / faults,
            "",
            detail=f"changes {(broken.changes - quiet.changes) / faults:.1f}, incident 1; messages "
            f"sent or drawn anew {broken.messages / faults:.1f}; "
            f"{(broken.looks - quiet.looks) / faults:.0f} more looks; {broken.incidents} faults of "
            "three days",
        )


async def _settle_on_sqlite(url: str, domains: int) -> Figure:
    settled = await measure_settling(url, NOW, processes=1, seconds=SECONDS, broken=BROKEN)
    return Figure(
        f"{_SQLITE}, {domains:,} domains: looks settled a second",
        settled.looks / settled.seconds,
        "/s",
        detail=f"1 process, one writer at a time; {settled.cpu:.1f} s of its CPU in "
        f"{settled.seconds:.0f} s: {1000 * settled.cpu / max(settled.looks, 1):.1f} ms a look",
    )


def _read_stat(file: Path) -> list[str]:
    """Return the fields of a process after its name, from its state on; none where it has ended."""
    try:
        return file.read_text().rpartition(")")[2].split()
    except OSError:
        return []


async def _fill(url: str, domains: int) -> None:
    rows = ManyRows(Extent.of(domains), await SampleLooks.make(), NOW)
    async with await Database.open(url) as database:
        await rows.fill(database)


def _of_sizes(sizes: Sizes, file: int, domains: int) -> Iterable[Figure]:
    whole = sum(size for _, size in sizes.values())
    yield Figure(
        f"{_POSTGRESQL}, {domains:,} domains after 400 days",
        whole / 1e6,
        "MB",
        detail=f"{whole / domains:.0f} octets a domain, indexes among them; SQLite "
        f"{file / 1e6:.0f} MB",
    )
    for name in ("watched", "domain_change", "incident", "watch_news", "stored_check", "request"):
        rows, size = sizes[name]
        yield Figure(f"Octets a row of {name}", size / max(rows, 1), "", detail=f"{rows:,} rows")


def _of_holds(costs: list[StepCost], kind: str, domains: int) -> Iterable[Figure]:
    worst = max(costs, key=lambda cost: cost.hold_ms)
    yield Figure(
        f"{kind}, {domains:,} domains: longest hold of the event loop",
        worst.hold_ms,
        "ms",
        detail=f"in “{worst.step.name}”; of the CPU, as the next lines",
    )
    for cost in costs:
        if cost.step.name in {"the mail server's list of domains", "digests of a week"}:
            yield Figure(
                f"{kind}, {domains:,} domains: {cost.step.name}",
                cost.cpu_ms,
                "ms",
                detail=f"{cost.statements} statements; the event loop held for "
                f"{cost.hold_ms:.0f} ms at a time at most",
            )


def _of_settling(
    settled: Settled, octets: int, cpu: float, domains: int, processes: int
) -> Iterable[Figure]:
    what = f"{_POSTGRESQL}, {domains:,} domains, {processes} × 4 writers"
    yield Figure(
        f"{what}: looks settled a second",
        settled.looks / settled.seconds,
        "/s",
        detail=f"in {settled.seconds:.0f} s {settled.cpu:.1f} s of CPU of the processes and "
        f"{cpu:.1f} s of the database: {1000 * cpu / max(settled.looks, 1):.1f} ms a look; "
        f"{octets / max(settled.looks, 1):.0f} octets of WAL a look",
    )
    yield Figure(
        f"{what}: transactions repeated for a conflict",
        100 * settled.share_repeated,
        "%",
        detail=f"{settled.repeated} for {settled.looks} looks, {settled.opened} of them at a "
        "broken domain",
    )


def _of_looks(cost: LookCost, kind: str, server: str) -> Iterable[Figure]:
    detail = f"{cost.looks} looks in {cost.wall:.1f} s; {cost.cpu:.2f} s of CPU"
    yield Figure(
        f"{kind}: looks a CPU second of a worker",
        cost.looks / cost.cpu,
        "/s",
        detail=f"{detail}; {server}" if server else detail,
    )
    yield Figure(f"{kind}: statements a look", cost.statements / cost.looks, "")
    yield Figure(
        f"{kind}: transactions a look",
        cost.transactions / cost.looks,
        "",
        detail="those that only read among them",
    )
    yield Figure(f"{kind}: peak memory of a worker", cost.peak, "MB")


def format_plans(plans: Iterable[tuple[StepCost, StepCost]]) -> str:
    """Return the steps as a table: the rows looked at, and the tables that are read whole."""
    head = "step", "how often", "statements", "rows looked at, given", "PostgreSQL, ms"
    lines = [
        f"| {' | '.join(head)} | tables read whole | SQLite, ms of CPU |",
        "|---|---|---:|---:|---:|---|---:|",
    ]
    for cost, other in plans:
        whole = ", ".join(sorted(cost.read_whole | other.read_whole)) or "–"
        lines.append(
            f"| {cost.step.name} | {cost.step.often} | {cost.statements} "
            f"| {cost.rows:,}, {cost.given:,} | {cost.server_ms:.1f} | {whole} "
            f"| {other.cpu_ms:.1f} |"
        )
    return "\n".join(lines) + "\n"


async def _run(server: PostgresServer, folder: Path, domains: int) -> tuple[list[Figure], str]:
    scale, figures = Scale(server, folder, domains), []
    async for figure in scale.measure():
        figures.append(figure)
        print(format_line(figure), flush=True)
    return figures, format_plans(scale.plans)


def main() -> int:
    """Measure, print, and with --write keep it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update docs/scale.md")
    parser.add_argument("--domains", type=int, default=DOMAINS)
    options = parser.parse_args()
    introduction = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores that the database, the "
        f"processes and the name server share, {platform.system()}, Python "
        f"{platform.python_version()}; a load of {os.getloadavg()[0]:.0f} before it began."
    )
    print(introduction, end="\n\n", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="scale-") as name:
            folder = Path(name)
            with running_postgres(folder / "postgres") as server:
                figures, plans = asyncio.run(_run(server, folder, options.domains))
        print(f"\n{plans}")
        if options.write:
            write_part("figures", f"{introduction}\n\n{format_table(figures)}", PAGE)
            write_part("plans", plans, PAGE)
    except (CowbellError, OSError, subprocess.SubprocessError) as error:
        print(f"The benchmark could not be run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
