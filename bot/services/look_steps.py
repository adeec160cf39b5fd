"""Spreads the work of looks over the passes of the event loop, so that none keeps others waiting.

Where two dozen looks go on at once, the answers of many come in the same pass, and what is judged
of them one after the other would hold the loop for as long as all of it takes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BESIDE_MEMBERS: Final = 0.02  # seconds between two pieces of work while a member's check runs


class LookSteps:
    """Lets looks do one piece of work in each pass of the event loop, in the order they ask.

    While `has_members` says that a member's check runs, it is one in `BESIDE_MEMBERS` seconds.
    """

    def __init__(self, has_members: Callable[[], bool]) -> None:
        self._has_members = has_members
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_handing_out = False
        self._last_at = 0.0  # by the loop's clock, the last piece of work

    async def take(self) -> None:
        """Return when the next piece of work may be done."""
        loop = asyncio.get_running_loop()
        step: asyncio.Future[None] = loop.create_future()
        self._waiting.append(step)
        if not self._is_handing_out:
            self._is_handing_out = True
            loop.call_soon(self._hand_out)
        await step

    def _hand_out(self) -> None:
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()  # given up
        self._is_handing_out = bool(self._waiting)
        if not self._waiting:
            return
        loop = self._waiting[0].get_loop()
        now, following_at = loop.time(), self._last_at + BESIDE_MEMBERS
        if self._has_members() and now < following_at:
            loop.call_at(following_at, self._hand_out)
            return
        self._last_at = now
        self._waiting.popleft().set_result(None)
        loop.call_soon(self._hand_out)
