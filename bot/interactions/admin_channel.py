"""The channel in which the admins decide: whether it takes what is posted there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord

from bot.cards.layout import build_notice
from bot.interactions.replies import UNDELIVERED

if TYPE_CHECKING:
    from bot.errors import Fact
    from bot.interactions.bot import BotBase

_NO_CHANNEL = {10003, 10004}  # the channel, or its server, is not there any more
_NO_RIGHT = {50001, 50013}  # we may not see it, or not write there

_log = logging.getLogger(__name__)


class AdminChannel:
    """Knows whether the request channel can be used, and tells the admins once if it cannot."""

    def __init__(self, client: BotBase) -> None:
        self._client = client
        self.lost = False
        self.told = False  # at least one admin was, in a direct message

    async def note_refusal(self, error: BaseException) -> bool:
        """Return whether an error says that the channel cannot be used; the admins are told."""
        code = error.code if isinstance(error, discord.HTTPException) else 0
        if code not in _NO_CHANNEL | _NO_RIGHT:
            return False
        if not self.lost:
            self.lost, self.told = True, False
            await self._tell(gone=code in _NO_CHANNEL)
        return True

    def note_use(self) -> None:
        """Note that something was posted there."""
        if self.lost:
            _log.warning("REQUEST_CHANNEL_ID: the channel can be used again")
        self.lost = False

    async def _tell(self, *, gone: bool) -> None:
        client = self._client
        number = client.settings.request_channel_id
        facts: dict[str, Fact] = {"number": str(number), "gone": gone}
        for admin_id in client.settings.admin_user_ids:
            try:
                direct = await client.create_dm(discord.Object(admin_id))
                await direct.send(view=build_notice("channel_lost", facts, client.words).view)
                self.told = True
            except UNDELIVERED as error:
                _log.warning("admin %d was not told of the request channel: %s", admin_id, error)
        _log.log(
            logging.WARNING if self.told else logging.ERROR,
            "REQUEST_CHANNEL_ID: channel %s %s; requests are kept until it can be used again",
            number,
            "is gone" if gone else "does not let the bot write",
        )
