"""Answers to an admin's click: the card as it is now, or that another admin was faster."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bot.cards.decision_cards import build_decided_notice, build_too_late_notice
from bot.cards.layout import build_notice
from bot.cards.request_card import build_request_card
from bot.interactions.replies import answer, whisper
from bot.requests.model import Request

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.errors import CowbellError
    from bot.interactions.bot import BotBase
    from bot.requests.service import Decision


async def say_decision(
    interaction: discord.Interaction[BotBase], came: Decision | Request, *, on_card: bool
) -> None:
    """Show what came of a click that was acknowledged; a plain request is one that came too late.

    `on_card`: the click was on the request's card, which is drawn anew. Otherwise it was on a
    private message, which makes room for the answer; the card follows through the outbox.
    """
    words = interaction.client.words
    request, won = (came, False) if isinstance(came, Request) else (came.request, came.won)
    if on_card:
        await show_card(interaction, request)
    if not won:
        notice = build_too_late_notice(request, words)
        await (whisper if on_card else answer)(interaction, notice)
    elif not on_card:
        await answer(interaction, build_decided_notice(request, words))


async def show_card(interaction: discord.Interaction[BotBase], request: Request) -> None:
    """Put the card of a request as it is now in place of the one that was clicked."""
    await answer(interaction, await card_of(interaction.client, request))


async def card_of(client: BotBase, request: Request) -> Card:
    """Return the card of a request as it is now."""
    earlier = await client.requests.of_domain(request.domain) if client.requests else ()
    return build_request_card(
        request,
        client.member_service.server,
        client.words,
        client.items,
        backend=client.backend.name,
        earlier=earlier,
    )


async def say_gone(interaction: discord.Interaction[BotBase], request_id: int) -> None:
    """Tell privately that there is no such request."""
    facts = {"number": str(request_id)}
    await whisper(interaction, build_notice("request_gone", facts, interaction.client.words))


async def say_refusal(interaction: discord.Interaction[BotBase], error: CowbellError) -> None:
    """Tell privately what one of our errors says; its words are meant for the admin."""
    words = interaction.client.words
    # One value in a template is cut where it is long, so this comes as several.
    parts = tuple(textwrap.wrap(words.plain.error(error), 150))
    await whisper(interaction, build_notice("refused", {"parts": parts}, words))
