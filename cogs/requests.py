"""`/dkim`, `/dmarc`, `/maildomain`, `/webmail`, `/requests`: what members ask of the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.autocomplete import offer_domains
from bot.interactions.control_actions import handle_proof_button
from bot.interactions.item_factory import ASK_BUTTON, OWN_REQUEST_BUTTON, PROOF_BUTTON
from bot.interactions.member_actions import (
    ask_admin,
    find_place,
    handle_ask_button,
    handle_own_request_button,
    list_requests,
)
from bot.interactions.replies import acknowledge, answer
from bot.names import Domain
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase

_DOMAIN = "Your mail domain, like friend.example"


class RequestsCog(commands.Cog):
    """Requests as their members make and follow them."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    @app_commands.command(name="dkim", description="Ask the admin for the DKIM key of your domain")
    @app_commands.describe(domain=_DOMAIN)
    async def dkim(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Ask for a DKIM key and its record."""
        await self._ask(interaction, RequestKind.DKIM, domain)

    @app_commands.command(name="dmarc", description="Ask the admin for DMARC for your domain")
    @app_commands.describe(domain=_DOMAIN)
    async def dmarc(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Ask for the go-ahead for DMARC, and its record."""
        await self._ask(interaction, RequestKind.DMARC, domain)

    @app_commands.command(
        name="maildomain", description="Ask the admin to add your domain to the mail server"
    )
    @app_commands.describe(domain=_DOMAIN)
    async def maildomain(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Ask for the domain to be added."""
        await self._ask(interaction, RequestKind.MAILDOMAIN, domain)

    @app_commands.command(
        name="webmail", description="Ask the admin to have the certificate cover your webmail alias"
    )
    @app_commands.describe(domain=_DOMAIN)
    async def webmail(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Ask for the webmail alias to be covered."""
        await self._ask(interaction, RequestKind.WEBMAIL, domain)

    @app_commands.command(
        name="requests", description="What you have asked the admin for, and what happens next"
    )
    async def requests(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with the member's requests."""
        await acknowledge(interaction)
        place = await find_place(interaction, "requests")
        if place is not None:
            await answer(interaction, await list_requests(interaction, place.requests))

    for _command in (dkim, dmarc, maildomain, webmail):
        _command.autocomplete("domain")(offer_domains)
    del _command

    async def _ask(
        self, interaction: discord.Interaction[BotBase], kind: RequestKind, domain: str
    ) -> None:
        await acknowledge(interaction)
        parsed = Domain.parse(domain)
        await ask_admin(
            interaction, kind, parsed.domain, remark=self._client.words.plain.remark(parsed)
        )


async def setup(bot: BotBase) -> None:
    """Give the bot these commands, and what the buttons of their cards do."""
    bot.clicks.add(ASK_BUTTON, handle_ask_button)
    bot.clicks.add(OWN_REQUEST_BUTTON, handle_own_request_button)
    bot.clicks.add(PROOF_BUTTON, handle_proof_button)
    await bot.add_cog(RequestsCog(bot))
