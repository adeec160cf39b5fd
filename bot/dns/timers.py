"""One timer of the event loop for all questions of a resolver.

Nearly every question is answered long before it would be sent again. A timer of its own for each
would cost more than sending it.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio


class Sleeper(Protocol):
    """Whoever wants to be woken; `due` is when, in the loop's time, None where not at all.

    Timers alone change it.
    """

    due: float | None

    def wake(self, when: float) -> None:
        """Do what was to be done then; it may be later by now."""


class Timers:
    """Wakes sleepers when they are due."""

    __slots__ = ("_heap", "_loop", "_next", "_number", "_sleepers", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Whoever changes its mind leaves its place in the heap behind, until that comes up.
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._number = count()  # so that sleepers with one time are never compared
        self._sleepers = 0
        self._next = inf
        self._timer: asyncio.TimerHandle | None = None

    def wake_at(self, when: float, sleeper: Sleeper) -> None:
        """Wake a sleeper at this time of the loop, and not when it wanted before."""
        self._sleepers += sleeper.due is None
        sleeper.due = when
        heappush(self._heap, (when, next(self._number), sleeper))
        if when < self._next:
            self._arm(when)

    def forget(self, sleeper: Sleeper) -> None:
        """Leave a sleeper alone; after the last one nothing is left in the event loop."""
        if sleeper.due is not None:
            sleeper.due = None
            self._sleepers -= 1
            if not self._sleepers:
                self.close()

    def close(self) -> None:
        """Wake none of those who sleep."""
        self._heap.clear()
        self._next = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = when
        self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        heap, now = self._heap, self._loop.time()
        self._timer, self._next = None, inf
        due: deque[tuple[float, Sleeper]] = deque()
        while heap and (heap[0][0] <= now or heap[0][2].due != heap[0][0]):
            when, _, sleeper = heappop(heap)
            if sleeper.due == when:
                due.append((when, sleeper))
        if heap:
            self._arm(heap[0][0])
        try:
            while due:
                when, sleeper = due.popleft()
                if sleeper.due == when:  # one that was woken before may have ended it
                    sleeper.due = None
                    self._sleepers -= 1
                    sleeper.wake(when)
        finally:
            for when, sleeper in due:  # where one has failed, the others have their turn next
                if sleeper.due == when:
                    self.wake_at(when, sleeper)
