"""`/dnsrecords` and `/dnscheck`: what a domain should publish, and what it does publish."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.errors import CowbellError
from bot.names import Domain
from bot.ui.buttons import CheckButton
from bot.ui.check_card import build_check_card
from bot.ui.presses import build_cooldown_notice
from bot.ui.records_card import build_records_card
from bot.ui.replies import Progress, acknowledge, answer

if TYPE_CHECKING:
    import discord

    from bot.client import Client

_LONGEST_CHOICE = 100  # characters of a choice's name and value
_MOST_CHOICES = 25

_log = logging.getLogger(__name__)


class DnsCog(commands.Cog):
    """The records of a member's domain: as they should be, and as they are."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @app_commands.command(
        name="dnsrecords", description="The DNS records that your domain should have"
    )
    @app_commands.describe(domain="Your mail domain, like friend.example")
    async def dnsrecords(self, interaction: discord.Interaction[Client], domain: str) -> None:
        """Answer with the records card."""
        await acknowledge(interaction)
        parsed = Domain.parse(domain)
        desk = self._client.desk
        await desk.remember(interaction.user.id, parsed.domain)
        expected = await desk.expect(parsed.domain)
        card = build_records_card(expected, self._client.words, remark=parsed.remark)
        await answer(interaction, card)

    @app_commands.command(
        name="dnscheck", description="Check the DNS records of your domain, and what to change"
    )
    @app_commands.describe(domain="Your mail domain, like friend.example")
    async def dnscheck(self, interaction: discord.Interaction[Client], domain: str) -> None:
        """Answer with the check card."""
        await acknowledge(interaction)
        parsed = Domain.parse(domain)
        desk, words = self._client.desk, self._client.words
        wait = self._client.limits.checks.take(interaction.user.id)
        if wait:
            await answer(interaction, build_cooldown_notice(wait, words))
            return
        await desk.remember(interaction.user.id, parsed.domain)
        async with Progress(interaction, words, "checking", {"domain": parsed.domain.unicode}):
            kept = await desk.check(parsed.domain, interaction.user.id)
        await answer(interaction, build_check_card(kept, desk.server, words, remark=parsed.remark))

    @dnsrecords.autocomplete("domain")
    @dnscheck.autocomplete("domain")
    async def offer_domains(
        self, interaction: discord.Interaction[Client], current: str
    ) -> list[app_commands.Choice[str]]:
        """Return the domains that this member asked about before; never others'."""
        try:
            domains = await self._client.desk.recent(interaction.user.id, current)
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


async def setup(client: Client) -> None:
    """Give the client these commands and the buttons of their cards."""
    client.add_dynamic_items(CheckButton)
    await client.add_cog(DnsCog(client))
