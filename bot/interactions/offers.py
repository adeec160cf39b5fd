"""Whether a member can ask the admin for something where they are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.interactions.replies import UNDELIVERED

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase

_log = logging.getLogger(__name__)


async def may_ask(interaction: discord.Interaction[BotBase]) -> bool:
    """Whether requests are taken, and in this server."""
    client = interaction.client
    if client.requests is None or interaction.guild_id is None:
        return False
    try:
        return interaction.guild_id == await client.home.guild_id()
    except UNDELIVERED as error:
        _log.warning("Nothing is offered below a check: %s", error)
        return False
