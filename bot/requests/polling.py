"""The loop of a job whose work lies in the store: a step at a time, then rest until the next."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.requests.bell import wait_for_ring

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from datetime import datetime

_LONGEST_REST = 600.0  # seconds; the clock may have been set meanwhile
_AFTER_FAULT = 30.0  # seconds

_log = logging.getLogger(__name__)


async def make_rounds(
    name: str,
    step: Callable[[], Awaitable[int]],
    next_due: Callable[[], Awaitable[datetime | None]],
    now: Callable[[], datetime],
    listener: asyncio.Event,
) -> None:
    """Call `step` until it finds nothing, rest until `next_due` or a ring, and so on for ever.

    Where the store cannot be used, that is logged under `name` and tried again after 30 seconds.
    """
    while True:
        try:
            while await step():
                pass
            seconds = _seconds_until(await next_due(), now)
        except StoreError as error:
            _log.error("%s: %s", name, error)
            seconds = _AFTER_FAULT
        await wait_for_ring(listener, seconds)


def _seconds_until(due: datetime | None, now: Callable[[], datetime]) -> float:
    if due is None:
        return _LONGEST_REST
    return min(max((due - now()).total_seconds(), 0.01), _LONGEST_REST)
