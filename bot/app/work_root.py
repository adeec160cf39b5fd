"""`work`: a process beside the one at Discord, which looks at domains and does what is asked."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from bot.app.rotation_parts import make_rotation_worker, make_rotations
from bot.app.work_parts import (
    ALONE,
    make_looks,
    make_request_worker,
    make_requests,
    make_watch,
    open_foundation,
)
from bot.errors import ConfigError
from bot.garbage import search_less
from bot.health.running_process import RunningProcess
from bot.jobs import run_beside, told_to_stop
from bot.logs import start_logging
from bot.process_name import Duty, ProcessName
from bot.store.engine.database import Database
from bot.store.engine.notices import open_notices
from bot.store.engine.session import present
from bot.store.engine.url import Address
from bot.store.repositories.tallies import StoredTallies
from bot.watchdog import watched_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.app.work_parts import Foundation, Pace
    from bot.config.settings import Settings
    from bot.jobs import Job

_DRAIN: Final = 6.0  # seconds in which what was taken may come to its end; then it is given back
_ON_SQLITE: Final = (
    "DATABASE_URL: An SQLite file has one process, which is `run`, so nobody can work beside it; "
    "keep the data on PostgreSQL for that. "
    "Example: DATABASE_URL=postgresql+asyncpg://cowbell:secret@db.example/cowbell"
)

_log = logging.getLogger(__name__)


async def work(settings: Settings, pace: Pace = ALONE) -> None:
    """Look at domains and carry out requests, and return when the process was told to stop.

    Any number of processes can do so; whatever goes to Discord is left to the one that is there.

    Raises:
        ConfigError: the database is none that several processes can use.
        StoreError: the database cannot be used.

    """
    if Address.parse(settings.database_url).on_sqlite:
        raise ConfigError((_ON_SQLITE,))
    start_logging(settings)
    name = ProcessName.own(Duty.WORK)
    with told_to_stop() as stop:
        async with AsyncExitStack() as stack:
            url = settings.database_url
            await stack.enter_async_context(present(url, name))
            database = await Database.open(url, application=str(name))
            await stack.enter_async_context(database)
            notices = await stack.enter_async_context(open_notices(url, str(name)))
            base = await open_foundation(database, notices, settings, stack, pace=pace)
            jobs, finishes = _make_jobs(base)
            process = RunningProcess(name, base.now)
            process.begin(Duty.WORK, lambda: ("stopping",) if stop.is_set() else ())
            await _open_health_port(base, process, stack)
            search_less()
            async with watched_loop(), run_beside(jobs):
                _log.info("working")
                await stop.wait()
                _log.info("stopping")
                await _finish(finishes)
    _log.info("stopped")


def _make_jobs(
    base: Foundation,
) -> tuple[tuple[Job, ...], tuple[Callable[[], Awaitable[None]], ...]]:
    """Return the jobs of a worker, and what has each of those come to its end."""
    parts = make_requests(base)
    looks = make_looks(base, parts)
    watch = make_watch(base, looks, leads=False)
    changes = make_rotations(base, parts.requests, watch)
    rotations = make_rotation_worker(base, changes, watch.worker)
    jobs: tuple[Job, ...] = (rotations.run, *watch.jobs)
    finishes = (rotations.finish, watch.worker.finish)
    if not base.takes_requests:
        return jobs, finishes
    worker = make_request_worker(base, parts, looks, watch.worker)
    return (worker.run, *jobs), (worker.finish, *finishes)


async def _finish(finishes: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Return when nothing is under way any more, or no longer can be waited for."""
    try:
        async with asyncio.timeout(_DRAIN):
            await asyncio.gather(*(finish() for finish in finishes))
    except TimeoutError:
        _log.info("what is under way is given back, for others to take")


async def _open_health_port(
    base: Foundation, process: RunningProcess, stack: AsyncExitStack
) -> None:
    """Answer at HEALTH_PORT until the stack is closed."""
    if base.settings.health_port is None or base.metrics is None:
        return
    from bot.health.port import serving_health  # noqa: PLC0415 - its server is rarely wanted

    tallies = StoredTallies(base.database)
    await stack.enter_async_context(
        serving_health(base.settings.health_port, process, tallies, base.metrics)
    )
