"""Marks in messages, by which a message that an earlier try sent is found again.

Discord takes a `nonce` for a duplicate for some minutes only, and does not show it in a channel's
history. So the outermost component of each message carries a number made of it, which nobody sees.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.interactions.item_factory import REQUEST_BUTTON
from bot.requests.model import MessageKind
from bot.requests.outbox_worker import Delivered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.requests.model import OutboxMessage, Request

_MOST_LOOKED_AT = 500  # messages since the first try
_CLOCKS_DIFFER = timedelta(minutes=2)  # ours and Discord's, at most
_BUTTON = re.compile(REQUEST_BUTTON)


def put_mark(card: Card, post: OutboxMessage) -> None:
    """Give the card's outermost component the mark of a message."""
    card.view.children[0].id = _mark(post)


def address(card: Card, member_id: int) -> None:
    """Put a mention above a card that goes to a channel instead of its reader alone."""
    items = card.view.children
    card.view.clear_items()
    for item in (ui.TextDisplay[ui.LayoutView](f"<@{member_id}>"), *items):
        card.view.add_item(item)


async def find(
    client: BotBase,
    channel: discord.abc.Messageable,
    post: OutboxMessage,
    request: Request | None = None,
) -> Delivered | None:
    """Return the message of a former try, if it has arrived; `request` is what it is about, if any.

    Where the history cannot be read, only the nonce is left to keep the message from arriving
    twice, and None is returned.
    """
    after = post.created_at - _CLOCKS_DIFFER
    try:
        async for message in channel.history(limit=_MOST_LOOKED_AT, after=after, oldest_first=True):
            if (
                client.user
                and message.author.id == client.user.id
                and _is_it(message, post, request)
            ):
                return Delivered(message.channel.id, message.id)
    except (discord.Forbidden, discord.NotFound):
        return None
    return None


def _is_it(message: discord.Message, post: OutboxMessage, request: Request | None) -> bool:
    # The library's types leave out some that have no parts.
    components = tuple(_walk(message.components))
    if any(getattr(component, "id", None) == _mark(post) for component in components):
        return True
    if request is None or post.what not in {MessageKind.ADMIN_CARD, MessageKind.ADMIN_EDIT}:
        return False
    # Somebody may have clicked a button on it meanwhile, which drew the card anew.
    matches = (_BUTTON.fullmatch(getattr(c, "custom_id", None) or "") for c in components)
    return any(match is not None and int(match["request"]) == request.id for match in matches)


def _walk(components: Iterable[object]) -> Iterator[object]:
    for component in components:
        yield component
        yield from _walk(getattr(component, "children", ()))


def _mark(post: OutboxMessage) -> int:
    """Return a number of 31 bits, above those that Discord numbers components with."""
    digest = hashlib.sha256(post.nonce.encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF | 0x40000000
