"""What the buttons of a check card do, and the choice of a provider on a member's own card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.cards.check_card import build_check_card
from bot.cards.items import CheckAction
from bot.cards.layout import Card, build_notice
from bot.cards.records_card import build_records_card, zone_file
from bot.cards.why_card import build_why_card
from bot.checks.zone_place import ZonePlace
from bot.interactions.offers import find_offer
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import UNDELIVERED, Progress, acknowledge, answer, whisper
from bot.names import Domain
from bot.records.providers import provider_by_key

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.services.member_service import KeptCheck


async def handle_check_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do what a button of a stored check's card says, or tell that the check is gone."""
    action = CheckAction(click.parts["action"])
    if action in (CheckAction.AGAIN, CheckAction.SHARE):
        await interaction.response.defer()  # acknowledges the click and leaves the card as it is
    else:
        await acknowledge(interaction)
    kept = await interaction.client.member_service.kept(click.number("check"))
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


async def handle_provider_select(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Remember a member's provider, and draw the card of a check or of records in its words.

    Only on a card that its member alone sees: on others there is no choice, and a forged one
    changes nothing.
    """
    await interaction.response.defer()  # acknowledges the choice and leaves the card as it is
    key = click.values[0] if len(click.values) == 1 else None
    is_own = interaction.message is not None and interaction.message.flags.ephemeral
    card = None
    if is_own and key is not None and provider_by_key(key) is not None:
        if "check" in click.parts:
            card = await _draw_check(interaction, click.number("check"), key)
        else:
            card = await _draw_records(interaction, Domain.from_ascii(click.parts["domain"]), key)
    if card is None:
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
    else:
        await answer(interaction, card)


def _is_shared(interaction: discord.Interaction[BotBase]) -> bool:
    """Whether others see the card that was clicked, too."""
    return interaction.message is not None and not interaction.message.flags.ephemeral


async def _check_again(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
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
            client.items,
            shared=shared,
            offer=offer,
            provider=provider,
        )
        await answer(interaction, card)


async def _explain(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Say why, for every finding on the card that was clicked."""
    client, shared = interaction.client, _is_shared(interaction)
    if not shared:
        kept = await client.member_service.make_personal(kept)
    report = kept.shown(shared=shared)
    await answer(interaction, build_why_card(report, client.member_service.server, client.words))


async def _show_records(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    client, domain = interaction.client, kept.report.domain
    expected = await client.member_service.expect(domain)
    provider = await client.member_service.provider(interaction.user.id, domain)
    place = ZonePlace.of_report(kept.report)
    card = build_records_card(expected, client.words, client.items, place=place, provider=provider)
    await answer(interaction, card)


async def _send_zone_file(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    words = interaction.client.words
    domain = kept.report.domain
    file = zone_file(await interaction.client.member_service.expect(domain), words)
    view = build_notice("zone_file", {"domain": domain.unicode}, words).view
    view.add_item(discord.ui.File(file))
    await answer(interaction, Card(view, (file,)))


async def _share(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Post the card for everybody in the channel, as the member's own answer to the click."""
    client = interaction.client
    clicked_on = interaction.message.id if interaction.message else 0
    if not client.limits.take_share(clicked_on):
        return  # clicked twice; it is there already
    server, words, items = client.member_service.server, client.words, client.items
    card = build_check_card(kept, server, words, items, shared=True)
    try:
        await interaction.followup.send(view=card.view, files=list(card.files), ephemeral=False)
    except UNDELIVERED:
        client.limits.give_back_share(clicked_on)
        raise


async def _draw_check(
    interaction: discord.Interaction[BotBase], check_id: int, key: str
) -> Card | None:
    """Return a stored check's card in a provider's words; None where the check is gone."""
    client, member_service = interaction.client, interaction.client.member_service
    kept = await member_service.kept(check_id)
    if kept is None:
        return None
    await member_service.choose_provider(interaction.user.id, kept.report.domain, key)
    kept = await member_service.make_personal(kept)
    offer = await find_offer(interaction, kept)
    return build_check_card(
        kept, member_service.server, client.words, client.items, offer=offer, provider=key
    )


async def _draw_records(
    interaction: discord.Interaction[BotBase], domain: Domain, key: str
) -> Card:
    """Return the card of a domain's records in a provider's words."""
    client, member_service = interaction.client, interaction.client.member_service
    await member_service.choose_provider(interaction.user.id, domain, key)
    expected = await member_service.expect(domain)
    place = await member_service.place(domain)
    return build_records_card(expected, client.words, client.items, place=place, provider=key)
