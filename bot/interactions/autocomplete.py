"""Completes the domain while a member types it into a command."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from discord import app_commands

from bot.errors import CowbellError

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.names import Domain

_LONGEST_CHOICE = 100  # characters of a choice's name and value
_MOST_CHOICES = 25

_log = logging.getLogger(__name__)


async def offer_domains(
    interaction: discord.Interaction[BotBase], current: str
) -> list[app_commands.Choice[str]]:
    """Return the domains that this member asked about before; never others'."""
    try:
        domains = await interaction.client.member_service.recent(interaction.user.id, current)
    except CowbellError as error:
        # Typing goes on without choices; there is no place in Discord for an error here.
        _log.warning("No domains can be offered: %s", error)
        return []
    return [_choose(domain) for domain in domains if len(domain.ascii) <= _LONGEST_CHOICE][
        :_MOST_CHOICES
    ]


def _choose(domain: Domain) -> app_commands.Choice[str]:
    name = domain.unicode if len(domain.unicode) <= _LONGEST_CHOICE else domain.ascii
    return app_commands.Choice(name=name, value=domain.ascii)
