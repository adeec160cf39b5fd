"""What the buttons of a check card do, and the choice of a provider on a member's own card."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.cards.check_card import build_check_card
from bot.cards.items import CheckAction
from bot.cards.layout import Card, build_notice
from bot.cards.plan_card import build_plan_card
from bot.cards.why_card import build_why_card
from bot.interactions.history_actions import say_since_when, tell_past
from bot.interactions.member_checks import (
    check_domain,
    draw_for_member,
    find_check,
    is_shared,
    say_what_was_meant,
)
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.record_actions import (
    draw_all_records,
    draw_next_records,
    draw_unchecked_records,
    send_zone_file,
)
from bot.interactions.replies import acknowledge, acknowledge_click, answer, whisper
from bot.names import Domain
from bot.records.providers import provider_by_key
from bot.services.plan.plan_words import arrange

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.services.member_service import KeptCheck
    from bot.services.plan.step import Plan


async def answer_with_check(
    interaction: discord.Interaction[BotBase], domain: Domain, *, remark: str | None = None
) -> None:
    """Check a domain in an interaction that is acknowledged, and answer with the private card.

    `remark` says where the domain was taken from.
    """
    client, member_id = interaction.client, interaction.user.id
    wait = client.limits.checks.take(member_id)
    if wait:
        await answer(interaction, build_cooldown_notice(wait, client.words))
        return
    await client.member_service.remember(member_id, domain)
    is_home = await client.home.is_home(interaction)
    kept = await check_domain(interaction, domain, confidential=is_home)
    kept = await say_what_was_meant(interaction, kept)
    await answer(interaction, await _draw_plan(interaction, kept, is_home=is_home, remark=remark))


async def handle_new_check_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Check a domain whose former check is gone, for who clicked alone."""
    await acknowledge(interaction)
    try:
        domain = Domain.from_ascii(click.parts["domain"])
    except ValueError:  # forged: no button of ours names it
        await answer(interaction, build_notice("out_of_date", {}, interaction.client.words))
    else:
        await answer_with_check(interaction, domain)


async def handle_check_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do what a button of a stored check's card says, or tell why that cannot be."""
    action = CheckAction(click.parts["action"])
    if action in (CheckAction.AGAIN, CheckAction.SHARE):
        await acknowledge_click(interaction)
    else:
        await acknowledge(interaction)
    kept = await find_check(interaction, click)
    if kept is None:
        return
    match action:
        case CheckAction.AGAIN:
            await _check_again(interaction, kept)
        case CheckAction.WHY:
            await _explain(interaction, kept)
        case CheckAction.RECORDS:
            await answer(interaction, await draw_all_records(interaction, kept))
        case CheckAction.ZONE:
            await send_zone_file(interaction, kept)
        case CheckAction.SHARE:
            await _share(interaction, kept)
        case CheckAction.DETAILS:
            await _show_details(interaction, kept)


async def handle_provider_select(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Remember a member's provider, and draw the card of a check or of records in its words.

    Only on a card that its member alone sees: on others there is no choice, and a forged one
    changes nothing.
    """
    await acknowledge_click(interaction)
    client = interaction.client
    key = click.values[0] if len(click.values) == 1 else None
    is_own = interaction.message is not None and interaction.message.flags.ephemeral
    if not is_own or key is None or provider_by_key(key) is None:
        await whisper(interaction, build_notice("out_of_date", {}, client.words))
    elif "check" not in click.parts:
        domain = Domain.from_ascii(click.parts["domain"])
        await client.member_service.choose_provider(interaction.user.id, domain, key)
        await answer(interaction, await draw_unchecked_records(interaction, domain))
    elif (kept := await find_check(interaction, click)) is not None:
        await client.member_service.choose_provider(interaction.user.id, kept.report.domain, key)
        match click.parts.get("card"):
            case "next":
                card = await draw_next_records(interaction, kept)
            case "all":
                card = await draw_all_records(interaction, kept)
            case _:
                card = await draw_details(interaction, kept, key)
        await answer(interaction, card)


async def _check_again(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Check the domain anew and put the result in place of the card, private or shared."""
    client, shared = interaction.client, is_shared(interaction, kept)
    wait = client.limits.checks.take(interaction.user.id)
    if wait:
        await whisper(interaction, build_cooldown_notice(wait, client.words))
        return
    shown, is_home = kept, False
    try:
        is_home = not shared and await client.home.is_home(interaction)
        shown = await check_domain(
            interaction, kept.report.domain, confidential=is_home, shared=shared
        )
        if not shared:
            shown = await say_what_was_meant(interaction, shown)
    finally:
        # Also where the check failed: the card must not stay behind as a progress notice.
        if shared:
            card = await _draw_shared(client, shown)
        else:
            card = await _draw_plan(interaction, shown, is_home=is_home)
        await answer(interaction, card)


async def _draw_plan(
    interaction: discord.Interaction[BotBase],
    kept: KeptCheck,
    *,
    is_home: bool,
    remark: str | None = None,
) -> Card:
    """Return the card of a check that its member alone sees, with a line of the time before."""
    since = await say_since_when(interaction, kept, is_home=is_home)
    draw = partial(build_plan_card, since=since)
    return await draw_for_member(interaction, kept, draw, is_home=is_home, remark=remark)


async def _show_details(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Show all that a check knows, for who clicked alone."""
    service = interaction.client.member_service
    provider = await service.provider(interaction.user.id, kept.report.domain)
    await answer(interaction, await draw_details(interaction, kept, provider))


async def _explain(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Say why, for every finding on the card that was clicked."""
    client = interaction.client
    kept, plan = await _find_details(interaction, kept)
    report, _ = arrange(kept.shown(shared=False), plan)
    await answer(interaction, build_why_card(report, client.member_service.server, client.words))


async def _share(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> None:
    """Post the card for everybody in the channel, as the member's own answer to the click.

    Where the private one says more than everybody may know, the domain is checked anew without.
    """
    client = interaction.client
    clicked_on = interaction.message.id if interaction.message else 0
    if not client.limits.take_share(clicked_on):
        return  # clicked twice; it is there already, or on its way
    done = False
    try:
        if kept.confidential:
            wait = client.limits.checks.take(interaction.user.id)
            if wait:
                await whisper(interaction, build_cooldown_notice(wait, client.words))
                return
        kept = await client.member_service.share(kept, interaction.user.id)
        card = await _draw_shared(client, kept)
        await interaction.followup.send(view=card.view, files=list(card.files), ephemeral=False)
        done = True
    finally:
        client.limits.end_share(clicked_on, done=done)


async def _draw_shared(client: BotBase, kept: KeptCheck) -> Card:
    """Return the card of a check for everybody, with what everybody may know."""
    service = client.member_service
    plan = await service.plan(kept, confidential=False)
    return build_plan_card(kept, plan, service.server, client.words, client.items, shared=True)


async def draw_details(
    interaction: discord.Interaction[BotBase], kept: KeptCheck, provider: str | None
) -> Card:
    """Return the card of all that a check knows; one that others see says no more than theirs."""
    client = interaction.client
    kept, plan = await _find_details(interaction, kept)
    server, words, items = client.member_service.server, client.words, client.items
    past = "" if is_shared(interaction, kept) else await tell_past(interaction, kept)
    return build_check_card(kept, plan, server, words, items, provider=provider, past=past)


async def _find_details(
    interaction: discord.Interaction[BotBase], kept: KeptCheck
) -> tuple[KeptCheck, Plan]:
    """Return a check and its plan, with what only its member may read where they alone see it."""
    client, service = interaction.client, interaction.client.member_service
    if is_shared(interaction, kept):
        return kept, await service.plan(kept, confidential=False)
    kept = await say_what_was_meant(interaction, await service.make_personal(kept))
    is_home = await client.home.is_home(interaction)
    return kept, await service.plan(kept, confidential=is_home)
