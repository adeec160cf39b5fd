"""The records of a domain: those that are needed next, all of them, and the zone file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.cards.layout import Card, build_notice
from bot.cards.next_records import build_next_records_card
from bot.cards.records_card import build_records_card, zone_file
from bot.checks.zone_place import ZonePlace
from bot.interactions.member_checks import check_domain, say_what_was_meant
from bot.interactions.offers import may_ask
from bot.interactions.replies import answer

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.names import Domain
    from bot.services.member_service import KeptCheck


async def answer_with_records(
    interaction: discord.Interaction[BotBase], domain: Domain, *, remark: str | None = None
) -> None:
    """Answer, in an interaction that is acknowledged, with the records that are needed next.

    That takes a check; who has no check left for now is shown all records instead. `remark` says
    where the domain was taken from.
    """
    client, service = interaction.client, interaction.client.member_service
    await service.remember(interaction.user.id, domain)
    if client.limits.checks.take(interaction.user.id):
        provider = await service.provider(interaction.user.id, domain)
        place = await service.place(domain)
        card = await _build_all(interaction, domain, place, provider, remark=remark)
    else:
        is_home = await client.home.is_home(interaction)
        kept = await check_domain(interaction, domain, confidential=is_home)
        kept = await say_what_was_meant(interaction, kept)
        card = await draw_next_records(interaction, kept, remark=remark)
    await answer(interaction, card)


async def draw_next_records(
    interaction: discord.Interaction[BotBase], kept: KeptCheck, *, remark: str | None = None
) -> Card:
    """Return the card of the records that a checked domain needs next, for who asked alone."""
    client, service = interaction.client, interaction.client.member_service
    can_ask = await may_ask(interaction)
    is_home = await client.home.is_home(interaction)
    return build_next_records_card(
        kept,
        await service.plan(kept, confidential=is_home, can_ask=can_ask),
        service.server,
        client.words,
        client.items,
        can_ask=can_ask,
        remark=remark,
        provider=await service.provider(interaction.user.id, kept.report.domain),
    )


async def show_all_records(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Show all records of a checked domain, for who clicked alone."""
    service, domain = interaction.client.member_service, kept.report.domain
    provider = await service.provider(interaction.user.id, domain)
    place = ZonePlace.of_report(kept.report)
    await answer(interaction, await _build_all(interaction, domain, place, provider))


async def draw_all_records(
    interaction: discord.Interaction[BotBase], domain: Domain, key: str
) -> Card:
    """Return the card of all records in the words of a provider that its member chose just now."""
    service = interaction.client.member_service
    await service.choose_provider(interaction.user.id, domain, key)
    return await _build_all(interaction, domain, await service.place(domain), key)


async def send_zone_file(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Send the zone file of a checked domain, for who clicked alone."""
    client, domain = interaction.client, kept.report.domain
    is_home = await client.home.is_home(interaction)
    expected = await client.member_service.expect(domain, confidential=is_home)
    file = zone_file(expected, client.words)
    view = build_notice("zone_file", {"domain": domain.unicode}, client.words).view
    view.add_item(discord.ui.File(file))
    await answer(interaction, Card(view, (file,)))


async def _build_all(
    interaction: discord.Interaction[BotBase],
    domain: Domain,
    place: ZonePlace,
    provider: str | None,
    *,
    remark: str | None = None,
) -> Card:
    client = interaction.client
    is_home = await client.home.is_home(interaction)
    expected = await client.member_service.expect(domain, confidential=is_home)
    return build_records_card(
        expected, client.words, client.items, remark=remark, place=place, provider=provider
    )
