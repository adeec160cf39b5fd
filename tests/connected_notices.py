"""Waits until what processes tell each other comes and goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from bot.store.engine.notices import Notices


async def wait_until_connected(notices: Notices) -> None:
    """Return as soon as notices have their connection."""
    connected = asyncio.Event()
    listener = notices.listen("", lambda _: None, connected.set)
    await asyncio.wait_for(connected.wait(), MAX_WAIT)
    notices.forget(listener)
