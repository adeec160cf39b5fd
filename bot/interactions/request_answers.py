"""What an admin is told after a click: the card as it is now, or who was faster."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bot.cards.layout import assemble
from bot.cards.notice import build_notice
from bot.cards.request_card import build_request_card, mention, moment, state_word
from bot.interactions.replies import answer, whisper
from bot.requests.model import Request

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.client import Client
    from bot.errors import CowbellError
    from bot.requests.evidence import Evidence
    from bot.requests.service import Decision
    from bot.words import Words


async def say_decision(
    interaction: discord.Interaction[Client], came: Decision | Request, *, on_card: bool
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
        facts = {"number": str(request.id), "domain": request.domain.ascii}
        said = words.sentence("discord/request_won", facts)
        await answer(interaction, assemble([[f"{said} {state_word(request, words)}"]]))


async def show_card(
    interaction: discord.Interaction[Client], request: Request, *, evidence: Evidence | None = None
) -> None:
    """Put the card of a request as it is now in place of the one that was clicked."""
    await answer(interaction, await card_of(interaction.client, request, evidence=evidence))


async def card_of(client: Client, request: Request, *, evidence: Evidence | None = None) -> Card:
    """Return the card of a request as it is now."""
    earlier = await client.requests.of_domain(request.domain) if client.requests else ()
    return build_request_card(
        request,
        client.member_service.server,
        client.words,
        backend=client.backend.name,
        earlier=earlier,
        evidence=evidence,
    )


async def say_gone(interaction: discord.Interaction[Client], request_id: int) -> None:
    """Tell privately that there is no such request."""
    facts = {"number": str(request_id)}
    await whisper(interaction, build_notice("request_gone", facts, interaction.client.words))


async def say_refusal(interaction: discord.Interaction[Client], error: CowbellError) -> None:
    """Tell privately what one of our errors says; its words are meant for the admin."""
    # One value in a template is cut where it is long, so this comes as several.
    parts = tuple(textwrap.wrap(interaction.client.words.plain.error(error), 150))
    await whisper(interaction, build_notice("refused", {"parts": parts}, interaction.client.words))


def build_too_late_notice(request: Request, words: Words) -> Card:
    """Return the notice of who decided, what, and when."""
    facts = {
        "number": str(request.id),
        "state": request.state.value,
        "decided": request.decided_by is not None,
    }
    parts = [words.sentence("discord/request_decided", facts), state_word(request, words)]
    if request.decided_by is not None and request.decided_at is not None:
        parts.append(f"· {mention(request.decided_by, words)} {moment(request.decided_at)}")
    else:
        parts.append(moment(request.changed_at))
    return assemble([[" ".join(parts)]])
