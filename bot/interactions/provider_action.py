"""Draws a member's card again in the words of the provider that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.check_card import build_check_card
from bot.cards.notice import build_notice
from bot.cards.records_card import build_records_card
from bot.interactions.offers import find_offer
from bot.interactions.replies import answer, whisper
from bot.names import Domain
from bot.records.providers import provider_by_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from bot.cards.layout import Card
    from bot.client import Client


async def redraw(
    interaction: discord.Interaction[Client], subject: str, values: Sequence[str]
) -> None:
    """Remember the choice and draw the card of a check's number, or of a domain's records.

    Only on a card that its member alone sees: on others there is no choice, and a forged one
    changes nothing.
    """
    await interaction.response.defer()  # acknowledges the choice and leaves the card as it is
    key = values[0] if len(values) == 1 else None
    is_own = interaction.message is not None and interaction.message.flags.ephemeral
    card = None
    if is_own and key is not None and provider_by_key(key) is not None:
        draw = _draw_check if subject.isdigit() else _draw_records
        card = await draw(interaction, subject, key)
    if card is None:
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
    else:
        await answer(interaction, card)


async def _draw_check(
    interaction: discord.Interaction[Client], subject: str, key: str
) -> Card | None:
    client = interaction.client
    kept = await client.member_service.kept(int(subject))
    if kept is None:
        return None
    await client.member_service.choose_provider(interaction.user.id, kept.report.domain, key)
    kept = await client.member_service.make_personal(kept)
    offer = await find_offer(interaction, kept)
    return build_check_card(
        kept, client.member_service.server, client.words, offer=offer, provider=key
    )


async def _draw_records(interaction: discord.Interaction[Client], subject: str, key: str) -> Card:
    client = interaction.client
    domain = Domain.of(subject)
    await client.member_service.choose_provider(interaction.user.id, domain, key)
    expected = await client.member_service.expect(domain)
    place = await client.member_service.place(domain)
    return build_records_card(expected, client.words, place=place, provider=key)
