"""Checks of members: making one while its member is told what goes on, and who may use which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.cards.layout import build_notice
from bot.interactions.replies import Progress, whisper
from bot.services.member_service import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import discord

    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.names import Domain
    from bot.services.member_service import KeptCheck


async def check_domain(
    interaction: discord.Interaction[BotBase], domain: Domain, *, confidential: bool
) -> KeptCheck:
    """Return a new check of a domain; who waits long for it is told why.

    `confidential` as in `MemberService.check`.
    """
    client, member_id = interaction.client, interaction.user.id
    wait = client.member_service.wait_for(domain, member_id, confidential=confidential)
    facts: dict[str, Fact] = {"domain": domain.unicode, "own": wait is Wait.OWN}
    template = "checking" if wait is None else "check_waits"
    async with Progress(interaction, client.words, template, facts):
        return await client.member_service.check(domain, member_id, confidential=confidential)


async def find_check(interaction: discord.Interaction[BotBase], click: Click) -> KeptCheck | None:
    """Return the stored check that a button or choice names, where this member may use it.

    A check is for who asked for it; on a card that was shared, for all who see the card. Whoever
    may not use it is told so, and offered a new check where it is not kept any more. What only the
    mail server knows is out of reach where it may not be told.
    """
    client = interaction.client
    kept = await client.member_service.kept(click.number("check"))
    if kept is not None and is_on_shared_card(interaction):
        return kept
    if kept is not None and kept.member_id != interaction.user.id:
        notice = build_notice("check_private", {}, client.words, command=_mention(client))
        await whisper(interaction, notice)
        return None
    if kept is not None and (not kept.confidential or await client.home.is_home(interaction)):
        return kept
    await _say_gone(interaction, click)
    return None


def is_shared(interaction: discord.Interaction[BotBase]) -> bool:
    """Whether others see the card that was clicked, too."""
    return interaction.message is not None and not interaction.message.flags.ephemeral


def is_on_shared_card(interaction: discord.Interaction[BotBase]) -> bool:
    """Whether what was clicked is really on a card of the bot that others see.

    Discord says what the message holds; that somebody names a button does not put it there.
    """
    message, client = interaction.message, interaction.client
    if message is None or message.flags.ephemeral or client.user is None:
        return False
    if message.author.id != client.user.id or interaction.data is None:
        return False
    return interaction.data.get("custom_id") in set(_custom_ids(message.components))


async def _say_gone(interaction: discord.Interaction[BotBase], click: Click) -> None:
    client, text = interaction.client, click.parts.get("domain")
    if text is None:  # a card of former times, or a name that is too long for a button
        notice = build_notice("check_gone", {}, client.words, command=_mention(client))
    else:
        button = client.items.new_check_button(text)
        notice = build_notice("check_gone", {}, client.words, buttons=[button])
    await whisper(interaction, notice)


def _mention(client: BotBase) -> str:
    return client.mention("dnscheck")


def _custom_ids(components: Iterable[Any]) -> Iterator[str]:
    """Yield the custom_ids of components and of those in them."""
    for component in components:
        if own := getattr(component, "custom_id", None):
            yield own
        yield from _custom_ids(getattr(component, "children", ()))
        if accessory := getattr(component, "accessory", None):
            yield from _custom_ids((accessory,))
