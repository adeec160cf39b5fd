"""An admin's click on a request: who is let through to which, and what is answered."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bot.cards.decision_cards import build_decided_notice, build_too_late_notice
from bot.cards.layout import build_notice
from bot.cards.request_card import build_request_card
from bot.interactions.permissions import admit_decider
from bot.interactions.replies import answer, whisper
from bot.requests.model import Request

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.errors import CowbellError
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.requests.outcomes import Decision
    from bot.requests.service import Requests


async def admit_to_request(
    interaction: discord.Interaction[BotBase], click: Click
) -> tuple[Requests, Request] | None:
    """Return the requests and the one that an admin clicked.

    None is returned where who clicked was told why not: they may not, or there is no such request.
    """
    requests = await admit_decider(interaction)
    if requests is None:
        return None
    request = await requests.get(click.number("request"))
    if request is None:
        await say_gone(interaction, click.number("request"))
        return None
    return requests, request


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
