"""What each step of the daily life takes over many rows: in the database, and of the event loop."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from benchmarks.daily_life import list_steps
from benchmarks.many_rows import Extent, ManyRows
from benchmarks.query_plans import Recording, record_statements
from benchmarks.sample_looks import SampleLooks
from bot.store.engine.database import Database
from bot.store.metadata import METADATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy.orm import Session

    from benchmarks.daily_life import Step

NOW: Final = datetime(2027, 3, 1, 12, tzinfo=UTC)  # a Monday
Sizes = dict[str, tuple[int, int]]  # rows and octets by table


@dataclass(frozen=True, slots=True)
class StepCost:
    """What one step took, in ms: of the database (on PostgreSQL), and of this process' CPU.

    `hold_ms` is the longest time of the CPU in which the event loop did nothing else. Both are by
    the CPU's clock, which another load on the machine hardly changes.
    """

    step: Step
    statements: int
    rows: int
    given: int
    server_ms: float
    cpu_ms: float
    hold_ms: float
    read_whole: frozenset[str]


async def measure_steps(
    url: str, domains: int, clean_up: Callable[[], Awaitable[object]] | None = None
) -> tuple[list[StepCost], Sizes]:
    """Return what each step takes over so many domains, and rows and octets of each table.

    `clean_up` is called once the rows are there: what the database itself does from time to time.
    """
    looks = await SampleLooks.make()
    rows = ManyRows(Extent.of(domains), looks, NOW)
    costs = list[StepCost]()
    async with await Database.open(url) as database:
        await rows.fill(database)
        if clean_up is not None:
            await clean_up()
        sizes = await database.read(_read_sizes)
        explained = list[Recording]()
        for step in list_steps(database, rows, looks):
            with record_statements(explain=True) as recording:
                await step.act()
            explained.append(recording)
        for step, recording in zip(
            list_steps(database, rows, looks, turn=1), explained, strict=True
        ):
            async with _watch_loop() as holds:
                began = time.process_time()
                await step.act()
                cpu = time.process_time() - began
            costs.append(_sum_up(step, recording, cpu, max(holds, default=0.0)))
    return costs, sizes


def _sum_up(step: Step, recording: Recording, cpu: float, hold: float) -> StepCost:
    scans = [scan for plan in recording.plans for scan in plan.scans]
    return StepCost(
        step,
        len(recording.statements),
        sum(scan.rows for scan in scans),
        sum(plan.given for plan in recording.plans),
        sum(plan.milliseconds for plan in recording.plans),
        1000 * cpu,
        1000 * hold,
        frozenset(
            table
            for plan in recording.plans
            for table in plan.tables_read_whole
            if table in METADATA.tables  # and no part of a statement
        ),
    )


@asynccontextmanager
async def _watch_loop() -> AsyncIterator[list[float]]:
    """Yield a list of what the event loop used of the CPU between turns that come each 2 ms."""
    holds = list[float]()

    async def wait() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.002)
            holds.append(time.thread_time() - began)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    holds.clear()
    try:
        yield holds
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _read_sizes(session: Session) -> Sizes:
    """Return the rows and the octets of each table, its indexes and long texts among them."""
    sizes = Sizes()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for table in METADATA.sorted_tables:
        rows = session.scalar(select(func.count()).select_from(table)) or 0
        size = 0
        if not is_sqlite:
            size = session.scalar(select(func.pg_total_relation_size(table.name))) or 0
        sizes[table.name] = (rows, size)
    return sizes
