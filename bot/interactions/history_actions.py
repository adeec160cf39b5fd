"""What is shown of a domain's past: its history, and what a check says of the time before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bot.cards.history_card import build_history_card, build_no_history
from bot.cards.history_lines import list_past, say_since
from bot.cards.layout import build_notice
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import answer

if TYPE_CHECKING:
    import discord

    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.names import Domain
    from bot.services.member_service import KeptCheck
    from bot.watch.timeline import History

WATCH_COMMAND: Final = "watch add"
HISTORY_COMMAND: Final = "history"


async def answer_with_history(interaction: discord.Interaction[BotBase], domain: Domain) -> None:
    """Answer, in an interaction that is acknowledged, with the history of a domain.

    It holds what only the mail server knows, so that it is shown where that may be told.
    """
    client = interaction.client
    words = client.words
    if not await client.home.is_home(interaction):
        notice = build_notice("history_elsewhere", {}, words, command=client.mention("dnscheck"))
        await answer(interaction, notice)
        return
    wait = client.limits.checks.take(interaction.user.id)  # it costs about as much as a check
    if wait:
        await answer(interaction, build_cooldown_notice(wait, words))
        return
    await client.member_service.remember(interaction.user.id, domain)
    history = await client.domain_history.of(domain)
    if history is None:
        is_watched = await client.domain_history.is_watched(domain)
        command = client.mention(WATCH_COMMAND)
        card = build_no_history(domain, words, is_watched=is_watched, watch_command=command)
    else:
        async with client.drawing:  # one at a time: each takes a tenth of a second of a processor
            picture = await asyncio.to_thread(client.draw_timeline, history, words.plain)
        card = build_history_card(history, picture, words, client.items)
    await answer(interaction, card)


async def say_since_when(
    interaction: discord.Interaction[BotBase], kept: KeptCheck, *, is_home: bool
) -> str:
    """Return the line of a new check that says since when, for who asked; empty without a past."""
    history = await _find(interaction, kept, is_home=is_home)
    if history is None:
        return ""
    return say_since(history, kept.shown(shared=False), interaction.client.words)


async def tell_past(interaction: discord.Interaction[BotBase], kept: KeptCheck) -> str:
    """Return the part of a check's details that tells of the past, for who clicked alone.

    It is empty where there is none.
    """
    client = interaction.client
    is_home = await client.home.is_home(interaction)
    history = await _find(interaction, kept, is_home=is_home)
    if history is None:
        return ""
    facts: dict[str, Fact] = {
        "own": history.is_own,
        "watchable": is_home,
    }
    foot = client.words.render("history/foot", facts).strip()
    command = client.mention(WATCH_COMMAND if history.is_own else HISTORY_COMMAND)
    foot = f"{foot} {command}" if is_home else foot
    return list_past(history, kept.shown(shared=False), client.words, foot=foot)


async def _find(
    interaction: discord.Interaction[BotBase], kept: KeptCheck, *, is_home: bool
) -> History | None:
    """Return the past that a member may be told: the watch's at home, or else their own checks'."""
    service = interaction.client.domain_history
    if is_home:
        history = await service.of(kept.report.domain, kept.report)
        if history is not None:
            return history
    return await service.of_own_checks(kept, interaction.user.id)
