"""What `/mailadmin watch` does: how far the watch is, and domains that admins add or pause."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.cards.watch_overview_card import build_overview_card
from bot.interactions.permissions import admit_admin
from bot.interactions.replies import acknowledge, acknowledge_click, answer
from bot.names import Domain

if TYPE_CHECKING:
    import discord

    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.services.watching import Watching


class AdminWatchAction(StrEnum):
    """What an admin does with a domain of the watch."""

    ADD = "add"
    REMOVE = "remove"
    PAUSE = "pause"
    RESUME = "resume"


async def show_overview(
    interaction: discord.Interaction[BotBase],
    action: AdminWatchAction | None,
    domain: str | None,
    days: int,
) -> None:
    """Answer an admin's command, privately: do what they want with a domain, and show the watch.

    `domain` is as it was typed. A domain alone, without an action, is left alone.
    """
    await acknowledge(interaction)
    if not await admit_admin(interaction):
        return
    client = interaction.client
    remark = None
    if action is not None:
        parsed = None if domain is None else Domain.parse(domain).domain
        facts: dict[str, Fact] = {"domain": "" if parsed is None else parsed.unicode, "days": days}
        facts["done"] = "no-domain"
        if parsed is not None:
            facts["done"] = await _change(client.watching, action, parsed, days)
        remark = client.words.plain.sentence("discord/watch_by_hand", facts)
    await _show(interaction, remark=remark)


async def handle_overview_button(interaction: discord.Interaction[BotBase], _: Click) -> None:
    """Put how far the watch is now in place of the card whose button was clicked."""
    await acknowledge_click(interaction)
    if await admit_admin(interaction):
        await _show(interaction)


async def _show(interaction: discord.Interaction[BotBase], *, remark: str | None = None) -> None:
    client = interaction.client
    overview = await client.watching.overview()
    server, words, items = client.member_service.server, client.words, client.items
    await answer(interaction, build_overview_card(overview, server, words, items, remark=remark))


async def _change(watching: Watching, action: AdminWatchAction, domain: Domain, days: int) -> str:
    """Return what was done, in the words of `templates/en/discord/watch_by_hand.j2`."""
    match action:
        case AdminWatchAction.ADD:
            return "added" if await watching.add_by_hand(domain) else "there"
        case AdminWatchAction.REMOVE:
            taken = await watching.remove_by_hand(domain)
            if taken.goes_on:
                return "goes-on"
            return "removed" if taken.was_by_hand else "not-watched"
        case AdminWatchAction.PAUSE:
            return "paused" if await watching.pause_all(domain, days) else "not-watched"
        case AdminWatchAction.RESUME:
            return "resumed" if await watching.pause_all(domain, 0) else "not-watched"
