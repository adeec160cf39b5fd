"""What `/watch` and its buttons do, and “Tell me when it is right” on cards of checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.cards.items import WatchAction
from bot.cards.layout import build_notice
from bot.cards.watch_cards import (
    build_added_card,
    build_awaited_card,
    build_not_yours_card,
    build_own_watch_card,
    build_paused_card,
)
from bot.interactions.control_looks import find_record
from bot.interactions.member_checks import find_check
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import Progress, acknowledge, acknowledge_click, answer, whisper
from bot.names import Domain
from bot.services.plan.plan_goals import can_be_awaited
from bot.services.watching import WatchBar
from bot.watch.awaited_goal import MOST_AWAITED, Awaited
from bot.watch.watched_domain import MOST_OF_MEMBER, Watcher

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click

_CHANGES = ("watch add", "watch remove", "watch pause")


async def add_watch(interaction: discord.Interaction[BotBase], domain: Domain) -> None:
    """Have who asks told of a domain, in an interaction that is acknowledged, if it is theirs."""
    client, member_id = interaction.client, interaction.user.id
    if not await _is_at_home(interaction):
        return
    if not await client.watching.is_known_owner(member_id, domain):
        wait = client.limits.checks.take(member_id)
        if wait:
            await answer(interaction, build_cooldown_notice(wait, client.words))
            return
    await client.member_service.remember(member_id, domain)
    async with Progress(interaction, client.words, "checking", {"domain": domain.unicode}):
        noted = await client.watching.add(member_id, domain)
    words, items = client.words, client.items
    if noted is WatchBar.NOT_SHOWN:
        record = await find_record(client, member_id, domain)
        card = build_not_yours_card(domain, record, words, items)
    elif isinstance(noted, WatchBar) or not isinstance(noted.what, Watcher):
        card = _say_too_many(client, MOST_OF_MEMBER, goals=False)
    else:
        mention = client.mention("watch list")
        card = build_added_card(noted.what, words, items, is_new=noted.is_new, mention=mention)
    await answer(interaction, card)


async def remove_watch(interaction: discord.Interaction[BotBase], domain: Domain) -> None:
    """Tell who asks no more of a domain, in an interaction that is acknowledged."""
    client = interaction.client
    was_there = await client.watching.remove(interaction.user.id, domain)
    await answer(interaction, _say_removed(client, domain, was_there=was_there))


async def pause_watch(interaction: discord.Interaction[BotBase], domain: Domain, days: int) -> None:
    """Tell who asks nothing of a domain for so many days, or again, as `Watching.pause`."""
    client = interaction.client
    watcher = await client.watching.pause(interaction.user.id, domain, days)
    if watcher is None:
        await answer(interaction, _say_removed(client, domain, was_there=False))
    else:
        await answer(interaction, build_paused_card(watcher, client.words, client.items))


async def list_watch(
    interaction: discord.Interaction[BotBase], *, remark: str | None = None
) -> None:
    """Show who asks all that they have watched and wait for; `remark` says what was just done."""
    client = interaction.client
    card = build_own_watch_card(
        await client.watching.list_own(interaction.user.id),
        client.words,
        client.items,
        now=interaction.client.now(),
        tells=await client.home.is_home(interaction),
        mentions=[client.mention(command) for command in _CHANGES],
        remark=remark,
    )
    await answer(interaction, card)


async def handle_watch_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Change what a member is told of a domain, in a new answer: the card stays as it is."""
    await acknowledge(interaction)
    domain = _read_domain(click)
    if domain is None:
        await answer(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    match WatchAction(click.parts["action"]):
        case WatchAction.ADD:
            await add_watch(interaction, domain)
        case WatchAction.RESUME:
            await pause_watch(interaction, domain, 0)
        case WatchAction.REMOVE:
            await remove_watch(interaction, domain)


async def handle_await_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Have who clicked told when a goal is reached, whoever's card it is on."""
    await acknowledge(interaction)
    await _wait_for(interaction, click, click.parts["goal"])


async def handle_await_select(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do the same for the goal that was chosen, in a new answer."""
    await acknowledge(interaction)
    await _wait_for(interaction, click, click.values[0] if len(click.values) == 1 else "")


async def handle_cancel_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Wait no more for something of who clicked, and put their list in place of the card."""
    await acknowledge_click(interaction)
    client, words = interaction.client, interaction.client.words
    awaited = await client.watching.cancel(interaction.user.id, click.number("awaited"))
    if awaited is None:
        await whisper(interaction, build_notice("out_of_date", {}, words))
        return
    facts: dict[str, Fact] = {"domain": awaited.domain.unicode}
    await list_watch(interaction, remark=words.plain.sentence("discord/watch_cancelled", facts))


async def _wait_for(interaction: discord.Interaction[BotBase], click: Click, goal: str) -> None:
    client, words = interaction.client, interaction.client.words
    domain = _read_domain(click)
    if domain is None and "domain" not in click.parts:  # one that is too long for a button
        kept = await find_check(interaction, click)
        if kept is None:
            return
        domain = kept.report.domain
    is_home = await client.home.is_home(interaction)
    is_offered = can_be_awaited(goal, confidential=is_home)
    if domain is None or not is_offered:  # forged, or of another version
        await answer(interaction, build_notice("out_of_date", {}, words))
        return
    wait = client.limits.checks.take(interaction.user.id)  # it has a look made at once
    if wait:
        await answer(interaction, build_cooldown_notice(wait, words))
        return
    noted = await client.watching.wait_for(
        interaction.user.id,
        domain,
        goal,
        confidential=is_home,
    )
    if isinstance(noted, WatchBar) or not isinstance(noted.what, Awaited):
        await answer(interaction, _say_too_many(client, MOST_AWAITED, goals=True))
        return
    mention = client.mention("watch list")
    card = build_awaited_card(noted.what, words, client.items, is_new=noted.is_new, mention=mention)
    await answer(interaction, card)


async def _is_at_home(interaction: discord.Interaction[Any]) -> bool:
    """Return whether who asks is a member of the home server; anybody else is told where it is."""
    client: BotBase = interaction.client
    if await client.home.is_home(interaction):
        return True
    guild_id = await client.home.guild_id() or client.settings.discord_guild_id
    if guild_id is None:
        await answer(interaction, build_notice("watch_no_home", {}, client.words))
    else:
        facts: dict[str, Fact] = {"guild": guild_id, "command": "/watch add"}
        await answer(interaction, build_notice("watch_elsewhere", facts, client.words))
    return False


def _read_domain(click: Click) -> Domain | None:
    """Return the domain that a button names; None where there is none, or it was forged."""
    try:
        return Domain.from_ascii(click.parts.get("domain", ""))
    except ValueError:
        return None


def _say_too_many(client: BotBase, most: int, *, goals: bool) -> Card:
    return build_notice("watch_many", {"most": most, "goals": goals}, client.words)


def _say_removed(client: BotBase, domain: Domain, *, was_there: bool) -> Card:
    facts: dict[str, Fact] = {"domain": domain.unicode, "was_there": was_there}
    mention = client.mention("watch list")
    return build_notice("watch_removed", facts, client.words, command=f"-# {mention}")
