"""`/privacy`: what is stored about who asks, and its deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.item_factory import PRIVACY_BUTTON
from bot.interactions.privacy_actions import handle_privacy_button, show_privacy
from bot.interactions.replies import acknowledge

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class PrivacyCog(commands.Cog):
    """What is stored about a member, for that member."""

    @app_commands.command(
        name="privacy", description="What I store about you, for how long, and how to delete it"
    )
    async def privacy(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with what is stored about who asks."""
        await acknowledge(interaction)
        await show_privacy(interaction)


async def setup(bot: BotBase) -> None:
    """Give the bot this command, and what the buttons of its cards do."""
    bot.clicks.add(PRIVACY_BUTTON, handle_privacy_button)
    await bot.add_cog(PrivacyCog())
