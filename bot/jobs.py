"""Jobs that a process runs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
    from contextlib import AbstractAsyncContextManager

    Job = Callable[[], Coroutine[Any, Any, None]]

_REST: Final = 30.0  # seconds before a job that failed is begun again
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """Yield what SIGTERM and SIGINT set while the block lasts."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


@asynccontextmanager
async def beside(*endless: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run what never ends until the block ends."""
    tasks = [asyncio.create_task(one) for one in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run_beside(
    jobs: Iterable[Job], begin: asyncio.Event | None = None
) -> AbstractAsyncContextManager[None]:
    """Run jobs while the block lasts, once `begin` is set where there is one; then cancel them.

    Their unfinished work is in the store, and is done later.
    """
    return beside(*(_run_job(job, begin) for job in jobs))


async def _run_job(job: Job, begin: asyncio.Event | None) -> None:
    """Run a job for ever; after a fault of ours it is begun again."""
    if begin is not None:
        await begin.wait()
    while True:
        outcomes = await asyncio.gather(job(), return_exceptions=True)
        if not isinstance(outcomes[0], BaseException):
            return
        _log.error("a job failed, and is begun again", exc_info=outcomes[0])
        await asyncio.sleep(_REST)
