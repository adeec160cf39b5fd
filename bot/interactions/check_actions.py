"""What the buttons of a check card do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import discord

from bot.cards.check_card import build_check_card
from bot.cards.layout import Card
from bot.cards.notice import build_notice
from bot.cards.records_card import build_records_card, zone_file
from bot.cards.why_card import build_why_card
from bot.checks.zone_place import ZonePlace
from bot.interactions.check_buttons import CheckAction
from bot.interactions.offers import find_offer
from bot.interactions.rate_limits import CHECKS_A_MINUTE
from bot.interactions.replies import UNDELIVERED, Progress, acknowledge, answer, whisper

if TYPE_CHECKING:
    from bot.client import Client
    from bot.services.member_service import KeptCheck
    from bot.words import Words


async def handle_check_button(
    interaction: discord.Interaction[Client], action: CheckAction, check_id: int
) -> None:
    """Do what a button of a stored check's card says, or tell that the check is gone."""
    if action in (CheckAction.AGAIN, CheckAction.SHARE):
        await interaction.response.defer()  # acknowledges the press and leaves the card as it is
    else:
        await acknowledge(interaction)
    kept = await interaction.client.member_service.kept(check_id)
    if kept is None:
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    match action:
        case CheckAction.AGAIN:
            await _check_again(interaction, kept)
        case CheckAction.WHY:
            await _explain(interaction, kept)
        case CheckAction.RECORDS:
            await _show_records(interaction, kept)
        case CheckAction.ZONE:
            await _send_zone_file(interaction, kept)
        case CheckAction.SHARE:
            await _share(interaction, kept)


def _is_shared(interaction: discord.Interaction[Client]) -> bool:
    """Whether others see the card that was pressed, too."""
    return interaction.message is not None and not interaction.message.flags.ephemeral


def build_cooldown_notice(seconds: float, words: Words) -> Card:
    """Return the notice that says in how many seconds the next check can be asked for."""
    return build_notice("cooldown", {"seconds": math.ceil(seconds), "most": CHECKS_A_MINUTE}, words)


async def _check_again(interaction: discord.Interaction[Client], kept: KeptCheck) -> None:
    """Check the domain anew and put the result in place of the card, private or shared."""
    client = interaction.client
    wait = client.limits.checks.take(interaction.user.id)
    if wait:
        await whisper(interaction, build_cooldown_notice(wait, client.words))
        return
    shared = _is_shared(interaction)
    domain = kept.report.domain
    shown, offer, provider = kept, None, None
    try:
        async with Progress(interaction, client.words, "checking", {"domain": domain.unicode}):
            shown = await client.member_service.check(domain, interaction.user.id)
        if not shared:
            provider = await client.member_service.provider(interaction.user.id, domain)
            offer = await find_offer(interaction, shown)
    finally:
        # Also where the check failed: the card must not stay behind as a progress notice.
        card = build_check_card(
            shown,
            client.member_service.server,
            client.words,
            shared=shared,
            offer=offer,
            provider=provider,
        )
        await answer(interaction, card)


async def _explain(interaction: discord.Interaction[Client], kept: KeptCheck) -> None:
    """Say why, for every finding on the card that was pressed."""
    client, shared = interaction.client, _is_shared(interaction)
    if not shared:
        kept = await client.member_service.make_personal(kept)
    report = kept.shown(shared=shared)
    await answer(interaction, build_why_card(report, client.member_service.server, client.words))


async def _show_records(interaction: discord.Interaction[Client], kept: KeptCheck) -> None:
    client, domain = interaction.client, kept.report.domain
    expected = await client.member_service.expect(domain)
    provider = await client.member_service.provider(interaction.user.id, domain)
    place = ZonePlace.of_report(kept.report)
    card = build_records_card(expected, client.words, place=place, provider=provider)
    await answer(interaction, card)


async def _send_zone_file(interaction: discord.Interaction[Client], kept: KeptCheck) -> None:
    words = interaction.client.words
    domain = kept.report.domain
    file = zone_file(await interaction.client.member_service.expect(domain), words)
    view = build_notice("zone_file", {"domain": domain.unicode}, words).view
    view.add_item(discord.ui.File(file))
    await answer(interaction, Card(view, (file,)))


async def _share(interaction: discord.Interaction[Client], kept: KeptCheck) -> None:
    """Post the card for everybody in the channel, as the member's own answer to the press."""
    client = interaction.client
    pressed_on = interaction.message.id if interaction.message else 0
    if not client.limits.take_share(pressed_on):
        return  # pressed twice; it is there already
    card = build_check_card(kept, client.member_service.server, client.words, shared=True)
    try:
        await interaction.followup.send(view=card.view, files=list(card.files), ephemeral=False)
    except UNDELIVERED:
        client.limits.give_back_share(pressed_on)
        raise
