"""Brings the news of a test mail to its member by direct message, where those are open."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord

from bot.cards.mail_test_card import build_test_card
from bot.errors import CowbellError
from bot.interactions.message_marks import find, put_mark
from bot.interactions.replies import UNDELIVERED
from bot.requests.outbox_worker import Delivered, Postponed, Undeliverable

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.requests.mail_proof import MailTest
    from bot.requests.model import OutboxMessage

_log = logging.getLogger(__name__)


class MailTestDelivery:
    """Delivers one message; see `bot.requests.outbox_worker.Deliver`.

    Nowhere else is it said: in a channel others would read it, and the card's button tells it.
    """

    def __init__(self, client: BotBase) -> None:
        self._client = client

    async def __call__(
        self, post: OutboxMessage, test: MailTest
    ) -> Delivered | Postponed | Undeliverable:
        """Deliver the message and return the result; errors of Discord are results as well."""
        try:
            return await self._deliver(post, test)
        except (discord.Forbidden, discord.NotFound) as error:
            return Undeliverable(str(error))
        except (*UNDELIVERED, CowbellError) as error:
            _log.warning("test mail %d: %s", test.id, error)
            return Postponed(str(error) or type(error).__name__)

    async def _deliver(self, post: OutboxMessage, test: MailTest) -> Delivered:
        client = self._client
        direct = await client.create_dm(discord.Object(test.member_id))
        if post.attempts > 1:
            found = await find(client, direct, post)
            if found is not None:
                return found
        card = build_test_card(test, client.member_service.server, client.words, client.items)
        put_mark(card, post)
        message = await direct.send(view=card.view, files=card.files, nonce=post.nonce)
        return Delivered(message.channel.id, message.id)
