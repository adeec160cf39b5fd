"""The loop of a job whose work lies in the store: do what is due, then wait for the next."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

LONGEST_REST: Final = 600.0  # seconds; the clock may have been set meanwhile
AMONG_PROCESSES: Final = 15.0  # seconds; a wake-up by another process may be lost on its way
FIRST_REST: Final = 1.0  # seconds after a fault of the store; twice as long each time
_LATER_REST: Final = 30.0  # seconds, at most

_log = logging.getLogger(__name__)


class WakeUp:
    """Tells waiting jobs at once that there is something to do.

    A job that is busy at that moment finds its event set afterwards. `tell` has the other processes
    woken that work on the same store; None where there are none. `longest_rest` is for how many
    seconds a job may rely on being woken.
    """

    def __init__(self, tell: Callable[[], None] | None = None) -> None:
        self._tell = tell
        self.longest_rest = LONGEST_REST if tell is None else AMONG_PROCESSES
        self._listeners: list[asyncio.Event] = []

    def listen(self) -> asyncio.Event:
        """Return an event that every `wake` sets; whoever waits for it clears it."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    def wake(self) -> None:
        """Set the event of every listener, here and in the other processes."""
        self.wake_here()
        if self._tell is not None:
            self._tell()

    def wake_here(self) -> None:
        """Set the event of every listener of this process, as another one has woken the others."""
        for listener in self._listeners:
            listener.set()


async def wait_for_wake_up(listener: asyncio.Event, seconds: float) -> None:
    """Return at the next wake-up, after `seconds` at the latest."""
    try:
        async with asyncio.timeout(seconds):
            await listener.wait()
    except TimeoutError:
        return
    listener.clear()


async def poll(
    name: str,
    step: Callable[[], Awaitable[int]],
    next_due: Callable[[], Awaitable[datetime | None]],
    now: Callable[[], datetime],
    listener: asyncio.Event,
    *,
    longest_rest: float = LONGEST_REST,
) -> None:
    """Call `step` until it finds nothing, rest until `next_due` or a wake-up, and so on for ever.

    No rest is longer than `longest_rest` seconds. Where the store cannot be used, that is logged
    under `name` and tried again after a second; where that fails, too, after twice as long each
    time, up to 30 seconds.
    """
    after_fault = FIRST_REST
    while True:
        try:
            while await step():
                pass
            seconds = min(_seconds_until(await next_due(), now), longest_rest)
            after_fault = FIRST_REST
        except StoreError as error:
            _log.error("%s: %s", name, error)
            seconds, after_fault = after_fault, min(2 * after_fault, _LATER_REST)
        await wait_for_wake_up(listener, seconds)


def _seconds_until(due: datetime | None, now: Callable[[], datetime]) -> float:
    if due is None:
        return LONGEST_REST
    return min(max((due - now()).total_seconds(), 0.01), LONGEST_REST)
