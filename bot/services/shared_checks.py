"""Lets all who want the same check at the same time wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_Key = TypeVar("_Key", bound=Hashable)
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Running(Generic[_Result]):
    """A check under way, and how many wait for it."""

    task: asyncio.Task[_Result]
    waiting: int = 0


class SharedChecks(Generic[_Key, _Result]):
    """Checks under way, each by what makes it the same as another."""

    def __init__(self) -> None:
        self._running: dict[_Key, _Running[_Result]] = {}

    def __contains__(self, key: _Key) -> bool:
        """Whether such a check is under way."""
        return key in self._running

    async def join(self, key: _Key, begin: Callable[[], Coroutine[None, None, _Result]]) -> _Result:
        """Wait for the check that is under way, or begin it; it ends with the last who waits."""
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(asyncio.create_task(begin()))
            running.task.add_done_callback(lambda _: self._forget(key, running))
        running.waiting += 1
        try:
            # Shielded: somebody who gives up does not take the check from the others.
            return await asyncio.shield(running.task)
        finally:
            running.waiting -= 1
            if not running.waiting:
                running.task.cancel()
                self._forget(key, running)  # whoever comes in this instant begins anew

    def _forget(self, key: _Key, running: _Running[_Result]) -> None:
        if self._running.get(key) is running:
            del self._running[key]
