"""Wakes those who wait for work, so that nobody has to look every second."""

from __future__ import annotations

import asyncio


class Bell:
    """Rings for every listener; who was busy meanwhile hears it afterwards."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.Event] = []

    def listen(self) -> asyncio.Event:
        """Return an event that is set by each ring; whoever waits for it clears it."""
        listener = asyncio.Event()
        self._listeners.append(listener)
        return listener

    def ring(self) -> None:
        """Wake all listeners."""
        for listener in self._listeners:
            listener.set()


async def wait_for_ring(listener: asyncio.Event, seconds: float) -> None:
    """Return at the next ring, after `seconds` at the latest."""
    try:
        async with asyncio.timeout(seconds):
            await listener.wait()
    except TimeoutError:
        return
    listener.clear()
