"""What `/privacy` and its buttons do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.cards.items import PrivacyAction
from bot.cards.layout import build_notice
from bot.cards.privacy_card import build_confirmation, build_forgotten, build_privacy_card
from bot.interactions.replies import acknowledge_click, answer, whisper

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click

_log = logging.getLogger(__name__)


async def show_privacy(interaction: discord.Interaction[BotBase]) -> None:
    """Show who asks what is stored about them, in an interaction that is acknowledged."""
    client, member_id = interaction.client, interaction.user.id
    kept = await client.privacy.about(member_id)
    server, words, items = client.member_service.server, client.words, client.items
    await answer(interaction, build_privacy_card(kept, member_id, server, words, items))


async def handle_privacy_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do something with what is stored about a member, if that is who clicked."""
    client, member_id = interaction.client, click.number("member")
    action = PrivacyAction(click.parts["action"])
    await acknowledge_click(interaction)  # the answer takes the place of the card
    if interaction.user.id != member_id:
        await whisper(interaction, build_notice("not_allowed", {}, client.words))
        return
    if action is PrivacyAction.KEEP:
        await show_privacy(interaction)
        return
    kept = await client.privacy.about(member_id)
    # A request that the card did not tell of is not withdrawn without a word.
    if action is PrivacyAction.ASK or kept.newest_open > click.number("newest"):
        await answer(interaction, build_confirmation(kept, member_id, client.words, client.items))
        return
    await client.privacy.forget(member_id)
    _log.info("a member had their data deleted")
    await answer(interaction, build_forgotten(client.member_service.server, client.words))
