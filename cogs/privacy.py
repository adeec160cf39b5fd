"""`/privacy`: what is stored about who asks, and its deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.privacy_actions import show_privacy
from bot.interactions.privacy_buttons import PrivacyButton
from bot.interactions.replies import acknowledge

if TYPE_CHECKING:
    import discord

    from bot.client import Client


class PrivacyCog(commands.Cog):
    """What is stored about a member, for that member."""

    @app_commands.command(
        name="privacy", description="What I store about you, for how long, and how to delete it"
    )
    async def privacy(self, interaction: discord.Interaction[Client]) -> None:
        """Answer with what is stored about who asks."""
        await acknowledge(interaction)
        await show_privacy(interaction)


async def setup(client: Client) -> None:
    """Give the client this command and the buttons of its cards."""
    client.add_dynamic_items(PrivacyButton)
    await client.add_cog(PrivacyCog())
