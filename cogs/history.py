"""`/history`: how a watched domain stood at each time, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.autocomplete import offer_domains
from bot.interactions.history_actions import answer_with_history
from bot.interactions.replies import acknowledge
from bot.names import Domain

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class HistoryCog(commands.Cog):
    """The past of a domain, in a private answer."""

    @app_commands.command(
        name="history", description="What changed about a domain, and when, on a timeline"
    )
    @app_commands.describe(domain="A domain that I watch, like friend.example")
    async def history(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Answer with the latest changes and the timeline."""
        await acknowledge(interaction)
        await answer_with_history(interaction, Domain.parse(domain).domain)

    history.autocomplete("domain")(offer_domains)


async def setup(bot: BotBase) -> None:
    """Give the bot this command."""
    await bot.add_cog(HistoryCog())
