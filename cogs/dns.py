"""`/dnsrecords` and `/dnscheck`: what a domain should publish, and what it does publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.autocomplete import offer_domains
from bot.interactions.check_actions import (
    answer_with_check,
    handle_check_button,
    handle_new_check_button,
    handle_provider_select,
)
from bot.interactions.item_factory import CHECK_BUTTON, NEW_CHECK_BUTTON, PROVIDER_SELECT
from bot.interactions.record_actions import answer_with_records
from bot.interactions.replies import acknowledge
from bot.names import Domain

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class DnsCog(commands.Cog):
    """The records of a member's domain: as they should be, and as they are."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    @app_commands.command(
        name="dnsrecords", description="The DNS records that your domain should have"
    )
    @app_commands.describe(domain="Your mail domain, like friend.example")
    async def dnsrecords(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Answer with the card of the records that are needed next."""
        await acknowledge(interaction)
        parsed = Domain.parse(domain)
        await answer_with_records(
            interaction, parsed.domain, remark=self._client.words.plain.remark(parsed)
        )

    @app_commands.command(
        name="dnscheck", description="Check the DNS records of your domain, and what to change"
    )
    @app_commands.describe(domain="Your mail domain, like friend.example")
    async def dnscheck(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Answer with the check card."""
        await acknowledge(interaction)
        parsed = Domain.parse(domain)
        await answer_with_check(
            interaction, parsed.domain, remark=self._client.words.plain.remark(parsed)
        )

    dnsrecords.autocomplete("domain")(offer_domains)
    dnscheck.autocomplete("domain")(offer_domains)


async def setup(bot: BotBase) -> None:
    """Give the bot these commands, and what the buttons and choices of their cards do."""
    bot.clicks.add(CHECK_BUTTON, handle_check_button)
    bot.clicks.add(NEW_CHECK_BUTTON, handle_new_check_button)
    bot.clicks.add(PROVIDER_SELECT, handle_provider_select)
    await bot.add_cog(DnsCog(bot))
