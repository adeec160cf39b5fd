"""The event loop's lag: how late a task wakes up that sleeps for a set time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 0.25  # seconds
SLOW = 3.0  # seconds late: Discord gives up on an answer by then
REMEMBERED = 30.0  # seconds for which a stall is told of
STOPPED = 10.0  # seconds without a measurement


class LoopLag:
    """Measures the lag until cancelled, and knows what was lately wrong with the loop."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        self._observe = observe
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._slow_at: float | None = None

    async def measure(self) -> None:
        """Measure the lag four times a second, for ever."""
        while True:
            begun = self._loop.time()
            await asyncio.sleep(EVERY)
            self._last = self._loop.time()
            late = max(0.0, self._last - begun - EVERY)
            self._observe(late)
            if late >= SLOW:
                self._slow_at = self._last

    def find_fault(self) -> str | None:
        """Return what is wrong in a word; None: nothing.

        While the loop stands still nobody is answered at all.
        """
        now = self._loop.time()
        if now - self._last >= STOPPED:
            return "stuck"
        if self._slow_at is not None and now - self._slow_at < REMEMBERED:
            return "slow"
        return None
