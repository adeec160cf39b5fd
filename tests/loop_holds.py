"""Measures how long the event loop is held in one piece, and whether that is too long."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

TOO_LONG = 0.05  # seconds of work, on a machine on which a healthy zone takes a tenth of that
TIMES_HEALTHY = 10  # so many times the work of a healthy zone in the same run, on a slower one
_TRIES = 3  # another process that shares the caches makes the same work look like more


class LoopHolds:
    """Notes the longest step of the event loop while it is entered, in seconds of this thread.

    Seconds are those that this thread worked, so neither waiting nor other processes count. What
    other threads do, such as a server of zones, does not count either.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    def __enter__(self) -> Self:
        self._run = asyncio.Handle._run
        here, run = threading.get_ident(), self._run

        def measured(handle: asyncio.Handle) -> Any:
            if threading.get_ident() != here:
                return run(handle)
            before = time.thread_time()
            try:
                return run(handle)
            finally:
                self.worst = max(self.worst, time.thread_time() - before)

        asyncio.Handle._run = measured  # type: ignore[method-assign, assignment]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]


def worst_hold(work: Callable[[], Awaitable[object]], *, under: float = 0.0) -> float:
    """Return the longest step of some work in seconds; of several tries, unless one is under."""

    async def run() -> None:
        await work()

    worst = float("inf")
    for _ in range(_TRIES):
        with LoopHolds() as holds:
            asyncio.run(run())
        worst = min(worst, holds.worst)
        if worst <= under:
            break
    return worst


def limit_of(healthy: float) -> float:
    """Return how long a step may take where that of a healthy zone takes so long, in seconds."""
    return max(TOO_LONG, TIMES_HEALTHY * healthy)
