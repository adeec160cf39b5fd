"""One connection of the bot to the stand-in's gateway, and what it is told there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web
    from discord_payloads import Json


@dataclass(eq=False)
class GatewayConnection:
    """One connection to the gateway; times are of the monotonic clock, None until it happened."""

    socket: web.WebSocketResponse
    opened_at: float
    identified_at: float | None = None  # or resumed
    closed_at: float | None = None
    sequence: int = 0
    lag: float = 0.0  # seconds by which it is told of interactions later than others

    @property
    def is_up(self) -> bool:
        """Whether it is told of what happens."""
        return self.identified_at is not None and self.closed_at is None

    async def dispatch(self, event: str, data: Json) -> None:
        """Tell it of an event."""
        self.sequence += 1
        await self.send({"op": 0, "t": event, "s": self.sequence, "d": data})

    async def send(self, message: Json) -> None:
        await self.socket.send_str(json.dumps(message))
