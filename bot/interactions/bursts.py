"""Lets the acknowledgements of a burst go out before the work that the first of them asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FEW: Final = 8  # acknowledgements under way at once that are no burst yet
MOST_AT_ONCE: Final = 48  # acknowledgements sent at once
LONGEST_TURN: Final = 0.5  # seconds that an acknowledgement waits for others before it
LONGEST_WAIT: Final = 1.0  # seconds that work waits for the acknowledgements of others


class Burst:
    """Knows the acknowledgements under way; work waits while they are many.

    Discord gives up after three seconds without one, whatever is done meanwhile. Not all are sent
    at once: each would need a connection of its own, and to open one takes several times as long as
    to wait for one that is open. Work that waited begins one piece a turn of the loop, so that what
    comes in between is acknowledged first, too.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_releasing = False

    async def acknowledge(self, send: Callable[[], Awaitable[object]]) -> None:
        """Send an acknowledgement, and return when work may begin; raises what `send` raises."""
        self._under_way += 1
        try:
            await self._send_in_turn(send)
        finally:
            self._under_way -= 1
            self._go_on()
        if self._under_way <= FEW and not self._waiting:
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._go_on()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(turn, LONGEST_WAIT)

    async def _send_in_turn(self, send: Callable[[], Awaitable[object]]) -> None:
        """Send when another has been sent, or after a while: Discord may be slow to answer all."""
        try:
            async with asyncio.timeout(LONGEST_TURN):
                await self._slots.acquire()
        except TimeoutError:
            await send()
            return
        try:
            await send()
        finally:
            self._slots.release()

    def _go_on(self) -> None:
        if self._waiting and not self._is_releasing and self._under_way <= FEW:
            self._is_releasing = True
            asyncio.get_running_loop().call_soon(self._release)

    def _release(self) -> None:
        """Let the piece of work begin that has waited longest, and then see to the next."""
        self._is_releasing = False
        while self._waiting and self._waiting[0].done():  # it has waited too long
            self._waiting.popleft()
        if self._waiting and self._under_way <= FEW:
            self._waiting.popleft().set_result(None)
            self._go_on()
