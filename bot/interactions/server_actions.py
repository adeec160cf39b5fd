"""The card of the mail server itself, for admins alone: what is its own fault, and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.check_card import build_report_card
from bot.interactions.permissions import admit_admin
from bot.interactions.replies import Progress, acknowledge, answer
from bot.interactions.server_button import server_button

if TYPE_CHECKING:
    import discord

    from bot.client import Client


async def show_server(interaction: discord.Interaction[Client]) -> None:
    """Answer a command with the card, privately; anybody but an admin is told that they may not."""
    if await admit_admin(interaction):
        await acknowledge(interaction)
        await _look(interaction)


async def look_again(interaction: discord.Interaction[Client]) -> None:
    """Put a new look in place of the card whose button an admin pressed."""
    if await admit_admin(interaction):
        await interaction.response.defer()  # acknowledges the press and leaves the card as it is
        await _look(interaction)


async def _look(interaction: discord.Interaction[Client]) -> None:
    client = interaction.client
    words, server = client.words, client.member_service.server
    async with Progress(interaction, words, "checking", {"domain": server.host_text}):
        report = await client.member_service.check_server()
    await answer(
        interaction, build_report_card(report, server, words, buttons=[server_button(words)])
    )
