"""The one Discord server that is home: where requests are taken, and who may be told more."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.interactions.replies import UNDELIVERED

if TYPE_CHECKING:
    from bot.config.settings import Settings

MEMBER_KEPT: Final = 600.0  # seconds for which it is known whether somebody is a member
_LONGEST_LOOK: Final = 3.0  # seconds

_log = logging.getLogger(__name__)


class HomeGuild:
    """Knows the server of the request channel; Discord is asked for it at most once.

    Home is that server, else the one of DISCORD_GUILD_ID. What only the mail server knows of a
    domain is told there, and to its members in direct messages.
    """

    def __init__(self, client: discord.Client, settings: Settings) -> None:
        self._client = client
        self._channel_id = settings.request_channel_id
        self._configured_id = settings.discord_guild_id
        self._of_channel: int | None = None
        self._lock = asyncio.Lock()
        self._members: dict[int, tuple[bool, float]] = {}  # until when, by the monotonic clock

    async def guild_id(self) -> int | None:
        """Return the server's id; None where no requests are taken or the channel is gone.

        Raises what the HTTP call raises.
        """
        if self._channel_id is None:
            return None
        return self._configured_id or await self._find_guild_of_channel()

    async def is_home(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether who did this may be told, privately, what only the mail server knows.

        In a direct message it is whether they are a member of the home server. Where Discord does
        not say, it is no; never raises.
        """
        try:
            async with asyncio.timeout(_LONGEST_LOOK):
                home = await self._find_guild_of_channel() or self._configured_id
                if home is None or interaction.guild_id is not None:
                    return home is not None and interaction.guild_id == home
                return await self._is_member(home, interaction.user.id)
        except UNDELIVERED as error:
            _log.warning("interaction %d: taken as not from home: %s", interaction.id, error)
            return False

    async def _is_member(self, guild_id: int, user_id: int) -> bool:
        now = monotonic()
        self._members = {key: kept for key, kept in self._members.items() if kept[1] > now}
        if user_id not in self._members:
            try:
                await self._client.http.get_member(guild_id, user_id)
            except discord.NotFound:
                found = False
            else:
                found = True
            self._members[user_id] = (found, now + MEMBER_KEPT)
        return self._members[user_id][0]

    async def _find_guild_of_channel(self) -> int | None:
        async with self._lock:
            if self._of_channel is None and self._channel_id is not None:
                self._of_channel = await self._ask(self._channel_id)
        return self._of_channel

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
