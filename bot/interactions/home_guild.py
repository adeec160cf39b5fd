"""The one Discord server in which requests are taken: the request channel's."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import discord

if TYPE_CHECKING:
    from bot.config.settings import Settings

_log = logging.getLogger(__name__)


class HomeGuild:
    """Knows the server of the request channel; Discord is asked for it at most once."""

    def __init__(self, client: discord.Client, settings: Settings) -> None:
        self._client = client
        self._channel_id = settings.request_channel_id
        self._guild_id = settings.discord_guild_id
        self._lock = asyncio.Lock()

    async def guild_id(self) -> int | None:
        """Return the server's id; None where no requests are taken or the channel is gone.

        Raises what the HTTP call raises.
        """
        if self._channel_id is None:
            return None
        async with self._lock:
            if self._guild_id is None:
                self._guild_id = await self._ask(self._channel_id)
        return self._guild_id

    async def _ask(self, channel_id: int) -> int | None:
        try:
            channel = await self._client.fetch_channel(channel_id)
        except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
            _log.warning("REQUEST_CHANNEL_ID: channel %d cannot be seen: %s", channel_id, error)
            return None
        if isinstance(channel, discord.abc.PrivateChannel):
            _log.warning("REQUEST_CHANNEL_ID: channel %d is in no server", channel_id)
            return None
        return channel.guild.id
