"""Draws the news of rotations as they are now, for the admins or for one member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.rotation_member_cards import MemberView, build_member_card
from bot.interactions.rotation_answers import rotation_card_of, stuck_card_of
from bot.rotations.rotation import RotationNews
from bot.watch.watch_news import ADMINS

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.watch.watch_news import RotationTold


async def draw_rotation_news(client: BotBase, told: RotationTold, target: int) -> Card:
    """Return the card of news of a rotation; a member's speaks the words of their provider.

    Raises StoreError where it cannot be read which provider that is.
    """
    rotation = told.rotation
    if target == ADMINS:
        if told.news is RotationNews.STUCK:
            return stuck_card_of(client, rotation)
        return rotation_card_of(client, rotation, members=told.members)
    view = MemberView(
        client.member_service.server,
        told.place,
        await client.member_service.provider(target, rotation.domain),
        test="" if client.mail_testing is None else client.mention("testmail"),
    )
    return build_member_card(rotation, told.news, view, client.words, client.items)
