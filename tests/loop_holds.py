"""Measures how long the event loop is held in one piece, and whether that is too long."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

TOO_LONG = 0.05  # seconds of work, on a machine where a healthy zone takes less than a tenth of it
TIMES_HEALTHY = 10  # so many times the work of a healthy zone in the same run, on a slower one
TRIES = 3  # the collector of garbage, and processes that share a core's caches, add to some of them


class LoopHolds:
    """Notes the longest step of the event loop while it is entered, in seconds of work.

    It is the time that this thread worked, so neither waiting nor other processes count, nor what
    other threads do, such as a server of zones.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    def __enter__(self) -> Self:
        self._run = asyncio.Handle._run
        here, run = threading.get_ident(), self._run

        def measured(self: asyncio.Handle) -> None:
            if threading.get_ident() != here:
                run(self)
                return
            before = time.thread_time()
            try:
                run(self)
            finally:
                holds.worst = max(holds.worst, time.thread_time() - before)

        holds = self
        asyncio.Handle._run = measured  # type: ignore[method-assign]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]


def worst_hold(work: Callable[[int], Awaitable[Any]], *, limit: float = 0.0) -> float:
    """Return the longest step of some work, in seconds: of several tries, unless one is within.

    The work is given the number of the try, so that it can be such that nothing is known of it from
    the try before.
    """

    async def run(attempt: int) -> None:
        await work(attempt)

    worst = float("inf")
    for attempt in range(TRIES):
        with LoopHolds() as holds:
            asyncio.run(run(attempt))
        worst = min(worst, holds.worst)
        if worst <= limit:
            break
    return worst


def limit_of(healthy: float) -> float:
    """Return how long a step may take where that of a healthy zone takes so long, in seconds."""
    return max(TOO_LONG, TIMES_HEALTHY * healthy)
