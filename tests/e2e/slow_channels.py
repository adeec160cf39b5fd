"""The stand-in for Discord with channels that take their time, and forget what they were told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from discord_channels import DiscordChannels

if TYPE_CHECKING:
    import random

    from aiohttp import web
    from discord_payloads import Json


class SlowChannels(DiscordChannels):
    """Takes its time before a message is there, and after it until that is confirmed."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.longest = 0.1  # seconds until a message is confirmed
        self.posted = 0  # calls that send a message, the repeated ones too

    async def _take(self, channel: int, body: Json) -> web.Response:
        self.posted += 1
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        response = await super()._take(channel, body)
        await asyncio.sleep(self._chance.uniform(0, self.longest))
        return response

    def forget_nonces(self) -> None:
        """Do as Discord does when some minutes have passed."""
        for messages in self.channels.values():
            for message in messages:
                message["nonce"] = None
