"""Who may decide requests: checked at each click, as a role may have been taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.cards.layout import build_notice
from bot.interactions.replies import whisper

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.interactions.bot import BotBase
    from bot.requests.service import Requests


def is_admin(interaction: discord.Interaction[Any], settings: Settings) -> bool:
    """Whether who clicked or called this may decide requests: by their role now, or their id."""
    user = interaction.user
    if user.id in settings.admin_user_ids:
        return True
    if settings.admin_role_id is None or not isinstance(user, discord.Member):
        return False
    # The public ways look a role up in the server, which is not kept without an intent.
    return user._roles.has(settings.admin_role_id)  # noqa: SLF001 - see above


async def admit_admin(interaction: discord.Interaction[BotBase]) -> bool:
    """Return whether an admin did this; tell anybody else privately that they may not."""
    if is_admin(interaction, interaction.client.settings):
        return True
    await whisper(interaction, build_notice("not_admin", {}, interaction.client.words))
    return False


async def admit_decider(interaction: discord.Interaction[BotBase]) -> Requests | None:
    """Return the requests for an admin; None where who did this was told why not."""
    if not await admit_admin(interaction):
        return None
    client = interaction.client
    if client.requests is None:
        await whisper(interaction, build_notice("requests_off", {}, client.words))
    return client.requests
