"""What a member did, and what the bot made of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from discord_payloads import Json

LONGEST_WAIT = 3.0  # seconds that Discord waits for an acknowledgement


@dataclass
class SentInteraction:
    """An interaction as it was sent, and what the bot made of it; times are of the monotonic."""

    payload: Json
    sent_at: float = 0.0
    deliveries: int = 0  # the connections that were told of it
    refused: int = 0  # further first answers, each of which Discord refuses
    first: Json | None = None  # the first answer, type and data
    first_at: float = 0.0
    message: Json = field(default_factory=dict)  # the original response as it stands
    shown: list[str] = field(default_factory=list)  # its texts, the oldest first
    others: list[Json] = field(default_factory=list)  # the messages after it
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def texts(self) -> str:
        """What the member reads last."""
        return self.shown[-1] if self.shown else ""

    @property
    def was_in_time(self) -> bool:
        """Whether it was acknowledged before Discord gives up."""
        return self.first is not None and self.first_at - self.sent_at <= LONGEST_WAIT

    async def until(self, is_so: Callable[[Self], bool], seconds: float = MAX_WAIT) -> Self:
        """Return this when it is so, or fail after some seconds."""
        async with self.changed, asyncio.timeout(seconds):
            await self.changed.wait_for(lambda: is_so(self))
        return self

    async def acknowledged(self) -> Self:
        return await self.until(lambda sent: sent.first is not None)

    async def answered(self, seconds: float = MAX_WAIT) -> Self:
        """Return this when a card with buttons or any message with a text has come."""
        return await self.until(lambda sent: bool(sent.shown), seconds)
