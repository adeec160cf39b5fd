"""`/mailsettings`: what to type into a mail client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.cards.settings_card import build_settings_card
from bot.interactions.replies import acknowledge, answer
from bot.names import MailAddress
from bot.requests.backend import MailHosting

if TYPE_CHECKING:
    import discord

    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.names import Domain


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
        """Answer with the settings card, which says if the mail server does not have the domain."""
        await acknowledge(interaction)
        who = None if address is None else MailAddress.parse(address)
        settings = self._client.member_service.settings(who)
        warning = None if who is None else await self._find_warning(interaction, who.domain)
        await answer(
            interaction, build_settings_card(settings, self._client.words, warning=warning)
        )

    async def _find_warning(
        self, interaction: discord.Interaction[BotBase], domain: Domain
    ) -> str | None:
        """Return that a domain is not served, in words, to those who may be told."""
        client = self._client
        if not await client.home.is_home(interaction):
            return None
        hosting = await client.member_service.hosting(domain)
        if hosting not in {MailHosting.ABSENT, MailHosting.OFF}:
            return None
        server = client.member_service.server
        facts: dict[str, Fact] = {
            "domain": domain.unicode,
            "service": server.name,
            "contact": server.admin_contact,
            "off": hosting is MailHosting.OFF,
            "can_ask": client.requests is not None,
        }
        return client.words.sentence("discord/settings_not_served", facts)


async def setup(bot: BotBase) -> None:
    """Give the bot this command."""
    await bot.add_cog(SettingsCog(bot))
