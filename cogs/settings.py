"""`/mailsettings`: what to type into a mail client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.cards.settings_card import build_settings_card
from bot.interactions.replies import acknowledge, answer
from bot.names import MailAddress

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class SettingsCog(commands.Cog):
    """The settings of a mail client, with the user name filled in."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    @app_commands.command(
        name="mailsettings", description="What to type into your mail app, and where the webmail is"
    )
    @app_commands.describe(address="Your mail address, to fill in the user name")
    async def mailsettings(
        self, interaction: discord.Interaction[BotBase], address: str | None = None
    ) -> None:
        """Answer with the settings card."""
        await acknowledge(interaction)
        who = None if address is None else MailAddress.parse(address)
        settings = self._client.member_service.settings(who)
        await answer(interaction, build_settings_card(settings, self._client.words))


async def setup(bot: BotBase) -> None:
    """Give the bot this command."""
    await bot.add_cog(SettingsCog(bot))
