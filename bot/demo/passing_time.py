"""The clock of the demo, which can be set forward, and what is due meanwhile done on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.rotations.rotation_worker import RotationWorker
    from bot.watch.running_watch import RunningWatch

# Looks of one domain may be hours apart; more of them would only take longer.
_STEPS: Final = 8
_SHORTEST_STEP: Final = timedelta(minutes=1)


@dataclass
class DemoClock:
    """The time, which runs as usual and can be set forward; `follow` is called after that."""

    ahead: timedelta = field(default_factory=timedelta)
    follow: Callable[[], None] | None = None

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.ahead

    def advance(self, span: timedelta) -> None:
        """Set it forward."""
        self.ahead += span
        if self.follow is not None:
            self.follow()


class PassingDays:
    """Lets time pass for whoever asks, beside everything else that the bot does."""

    def __init__(self, watch: RunningWatch, clock: DemoClock, rotations: RotationWorker) -> None:
        self._watch = watch
        self._rotations = rotations
        self._clock = clock
        self._asked: asyncio.Queue[tuple[timedelta, Callable[[], Awaitable[None]] | None]]
        self._asked = asyncio.Queue()

    def begin(self, span: timedelta, then: Callable[[], Awaitable[None]] | None = None) -> datetime:
        """Have time pass, and return when it will be; `then` is called after that."""
        self._asked.put_nowait((span, then))
        return self._clock() + span

    async def wait(self) -> None:
        """Return when all of the time has passed that was asked for."""
        await self._asked.join()

    async def run(self) -> None:
        """Let time pass whenever it is asked for, until cancelled."""
        while True:
            span, then = await self._asked.get()
            try:
                await let_pass(self._watch, self._clock, span, self._rotations)
                if then is not None:
                    await then()
            finally:
                self._asked.task_done()


async def let_pass(
    watch: RunningWatch,
    clock: DemoClock,
    span: timedelta,
    rotations: RotationWorker | None = None,
) -> None:
    """Set the clock forward step by step, and let the watch do what is due at each.

    What is due for a change of keys is done when it is due, as its quiet hours are soon over.

    Raises:
        StoreError: the store cannot be used.

    """
    target = clock() + span
    shortest = max(_SHORTEST_STEP, span / _STEPS)
    while True:
        while await _do_what_is_due(watch, rotations):
            pass
        now = clock()
        if now >= target:
            return
        due = await watch.next_look()
        step = shortest if due is None else max(due - now, shortest)
        change = None if rotations is None else await rotations.next_due()
        if change is not None:
            step = min(step, max(change - now, _SHORTEST_STEP))
        clock.advance(min(step, target - now))


async def _do_what_is_due(watch: RunningWatch, rotations: RotationWorker | None) -> int:
    """Do what is due now; return how much that was."""
    changed = 0 if rotations is None else await rotations.step()
    return changed + await watch.step()
