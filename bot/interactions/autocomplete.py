"""Completes the domain while a member types it into a command."""

from __future__ import annotations

import logging
import unicodedata
from typing import TYPE_CHECKING

from discord import app_commands

from bot.errors import CowbellError
from bot.interactions.permissions import is_admin

if TYPE_CHECKING:
    from collections.abc import Awaitable

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
    return await _offer(interaction.client.member_service.recent(interaction.user.id, current))


async def offer_watched_domains(
    interaction: discord.Interaction[BotBase], current: str
) -> list[app_commands.Choice[str]]:
    """Return the domains that this member has watched; never others'."""
    return await _offer(interaction.client.watching.domains_of(interaction.user.id), current)


async def offer_all_watched(
    interaction: discord.Interaction[BotBase], current: str
) -> list[app_commands.Choice[str]]:
    """Return all domains that are watched, to an admin alone."""
    if not is_admin(interaction, interaction.client.settings):
        return []
    found = interaction.client.watching.find_domains(_normalise(current), _MOST_CHOICES)
    return await _offer(found, current)


async def _offer(
    finding: Awaitable[tuple[Domain, ...]], typed: str = ""
) -> list[app_commands.Choice[str]]:
    """Return the domains that are found as choices, those that begin with what was typed."""
    try:
        domains = await finding
    except CowbellError as error:
        # Typing goes on without choices; there is no place in Discord for an error here.
        _log.warning("No domains can be offered: %s", error)
        return []
    start = _normalise(typed)
    return [
        _choose(domain)
        for domain in domains
        if len(domain.ascii) <= _LONGEST_CHOICE
        and (domain.ascii.startswith(start) or domain.unicode.startswith(start))
    ][:_MOST_CHOICES]


def _normalise(typed: str) -> str:
    """Return what was typed as names of domains are written."""
    return unicodedata.normalize("NFC", typed.strip().lower())


def _choose(domain: Domain) -> app_commands.Choice[str]:
    name = domain.unicode if len(domain.unicode) <= _LONGEST_CHOICE else domain.ascii
    return app_commands.Choice(name=name, value=domain.ascii)
