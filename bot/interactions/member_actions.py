"""What the members' buttons do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.member_cards import build_requests_card
from bot.cards.notice import build_notice
from bot.interactions.ask_request import AskedFrom, ask_admin, open_request
from bot.interactions.member_buttons import OwnAction
from bot.interactions.replies import acknowledge, answer, whisper
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.client import Client
    from bot.errors import Fact
    from bot.requests.model import Request
    from bot.requests.service import Requests


async def handle_ask_button(
    interaction: discord.Interaction[Client], kind: RequestKind, check_id: int
) -> None:
    """Ask for something for the domain of a stored check."""
    await acknowledge(interaction)
    kept = await interaction.client.member_service.kept(check_id)
    if kept is None:
        await answer(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    await ask_admin(interaction, kind, kept.report.domain)


async def handle_own_request_button(
    interaction: discord.Interaction[Client], action: OwnAction, request_id: int
) -> None:
    """Do something with a request, if it is the own one of who pressed."""
    client = interaction.client
    if action is OwnAction.WITHDRAW:
        await interaction.response.defer()  # acknowledges the press and leaves the card as it is
    else:
        await acknowledge(interaction)
    requests = client.requests
    request = await requests.get(request_id) if requests else None
    if requests is None or request is None:
        await whisper(interaction, build_notice("out_of_date", {}, client.words))
    elif request.member_id != interaction.user.id:
        await whisper(interaction, build_notice("not_allowed", {}, client.words))
    elif action is OwnAction.WITHDRAW:
        await _withdraw(interaction, requests, request)
    else:
        # From a direct message, too: the request says in which server and channel it was asked.
        place = AskedFrom(requests, request.guild_id, request.channel_id)
        await open_request(interaction, place, RequestKind.DMARC, request.domain)


async def list_requests(interaction: discord.Interaction[Client], requests: Requests) -> Card:
    """Return the card of who asks: their requests, the latest first, with buttons to withdraw."""
    client = interaction.client
    mine = await requests.of_member(interaction.user.id)
    mentions = [client.mention(kind.value) for kind in RequestKind]
    return build_requests_card(mine, client.member_service.server, client.words, mentions=mentions)


async def _withdraw(
    interaction: discord.Interaction[Client], requests: Requests, request: Request
) -> None:
    decision = await requests.withdraw(request.id, interaction.user.id)
    await answer(interaction, await list_requests(interaction, requests))
    if not decision.won:
        words = interaction.client.words
        word = words.label("member_states", decision.request.state.value)
        facts: dict[str, Fact] = {"number": request.id, "word": word}
        await whisper(interaction, build_notice("member_too_late", facts, words))
