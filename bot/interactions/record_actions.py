"""The records of a domain: those that are needed next, all of them, and the zone file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.cards.layout import Card, build_notice
from bot.cards.next_records import build_next_records_card
from bot.cards.records_card import build_records_card, zone_file
from bot.checks.zone_place import ZonePlace
from bot.interactions.member_checks import (
    check_domain,
    draw_for_member,
    say_what_was_meant,
)
from bot.interactions.replies import answer

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.names import Domain
    from bot.records.expected import Expected
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
        card = await draw_unchecked_records(interaction, domain, remark=remark)
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
    is_home = await interaction.client.home.is_home(interaction)
    return await draw_for_member(
        interaction, kept, build_next_records_card, is_home=is_home, remark=remark
    )


async def draw_all_records(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> Card:
    """Return the card of all records of a checked domain, for who clicked alone."""
    client, domain = interaction.client, kept.report.domain
    return build_records_card(
        await _expect(interaction, kept),
        client.words,
        client.items,
        place=ZonePlace.of_report(kept.report),
        provider=await client.member_service.provider(interaction.user.id, domain),
        check=kept.id,
    )


async def draw_unchecked_records(
    interaction: discord.Interaction[BotBase], domain: Domain, *, remark: str | None = None
) -> Card:
    """Return the card of all records of a domain of which no check is known."""
    client, service = interaction.client, interaction.client.member_service
    is_home = await client.home.is_home(interaction)
    return build_records_card(
        await service.expect(domain, confidential=is_home),
        client.words,
        client.items,
        remark=remark,
        place=await service.place(domain),
        provider=await service.provider(interaction.user.id, domain),
    )


async def send_zone_file(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Send the zone file of a checked domain, for who clicked alone."""
    words = interaction.client.words
    file = zone_file(await _expect(interaction, kept), words)
    view = build_notice("zone_file", {"domain": kept.report.domain.unicode}, words).view
    view.add_item(discord.ui.File(file))
    await answer(interaction, Card(view, (file,)))


async def _expect(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> Expected:
    """Return what a checked domain should publish, by what the check has proven."""
    client, report = interaction.client, kept.report
    is_home = await client.home.is_home(interaction)
    return await client.member_service.expect(report.domain, report=report, confidential=is_home)
