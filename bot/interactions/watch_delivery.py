"""Brings the news of the watch to the admins' channel, and to members by direct message."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.digest_card import build_digest_card
from bot.cards.incident_card import build_incident_card
from bot.cards.items import WatchAction
from bot.cards.watch_news_cards import build_awaited_card, build_certificate_card
from bot.cards.watch_summary_card import build_summary_card
from bot.errors import CowbellError
from bot.interactions.message_marks import find, put_mark
from bot.interactions.replies import UNDELIVERED
from bot.interactions.rotation_news import draw_rotation_news
from bot.requests.model import Undelivered
from bot.requests.outbox_worker import Delivered, Postponed, Undeliverable
from bot.requests.schedule import next_try
from bot.watch.watch_news import (
    ADMINS,
    AwaitedTold,
    CertificateTold,
    DigestTold,
    IncidentsTold,
    NewsKind,
    RotationTold,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.cards.items import Item, ItemFactory
    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.requests.model import OutboxMessage
    from bot.watch.watch_news import News, Told, WatchTold

HISTORY: Final = "/history"  # the command that shows what changed
_NOBODY: Final = {10007, 10013, 50278}  # an unknown member or user, or one of no shared server
_NO_MESSAGE: Final = 10008  # somebody deleted it
_NO_CHANNEL: Final = {10003, 10004, 50001}  # it, or its server, is gone or cannot be seen
_LATEST_TRY: Final = timedelta(minutes=10)  # between two looks whether the channel is back

_log = logging.getLogger(__name__)


class WatchDelivery:
    """Delivers one piece of news; see `bot.requests.outbox_worker.Deliver`.

    `content_of` gives what it tells as that is now. A message that was sent before is drawn anew in
    its place. Members are written to directly or not at all: in a channel others would read it.
    """

    def __init__(
        self, client: BotBase, content_of: Callable[[News], Awaitable[Told | None]]
    ) -> None:
        self._client = client
        self._content_of = content_of

    async def __call__(
        self, post: OutboxMessage, news: News
    ) -> Delivered | Postponed | Undeliverable:
        """Deliver the news and return the result; errors of Discord are results as well."""
        told = await self._content_of(news)
        if told is None:
            return Undeliverable("what it tells of is not kept any more")
        try:
            card = await self._draw(news, told)
            if news.target == ADMINS:
                return await self._to_admins(post, news, card)
            return await self._to_member(post, news, card)
        except discord.HTTPException as error:
            _log.info("news %d of the watch: %s", news.id, error)
            if news.target == ADMINS:
                return await self._keep(post, news, error)
            if error.code in _NOBODY:
                return Undeliverable(str(error), Undelivered.LEFT)
            if isinstance(error, discord.Forbidden | discord.NotFound):
                return Undeliverable(str(error), Undelivered.NO_WAY)
            return Postponed(str(error))
        except (*UNDELIVERED, CowbellError) as error:
            _log.warning("news %d of the watch: %s", news.id, error)
            return Postponed(str(error) or type(error).__name__)

    async def _draw(self, news: News, told: Told) -> Card:
        """Return the card of what is told, for whom it is told to."""
        if isinstance(told, RotationTold):
            return await draw_rotation_news(self._client, told, news.target)
        return self._build(news, told)

    def _build(self, news: News, told: WatchTold) -> Card:
        """Return the card of what the watch tells."""
        client, for_admins = self._client, news.target == ADMINS
        server, words, items = client.member_service.server, client.words, client.items
        match told:
            case IncidentsTold() if news.what is NewsKind.SUMMARY:
                return build_summary_card(told, server, words)
            case IncidentsTold():
                history = HISTORY if for_admins else ""
                buttons = [] if for_admins else _build_stop(told, items)
                return build_incident_card(
                    told, server, words, items, history=history, buttons=buttons
                )
            case DigestTold():
                return build_digest_card(told, server, words, for_member=not for_admins)
            case CertificateTold():
                return build_certificate_card(told, server, words, items)
            case AwaitedTold():
                return build_awaited_card(told, server, words, items)

    async def _to_admins(
        self, post: OutboxMessage, news: News, card: Card
    ) -> Delivered | Undeliverable:
        client = self._client
        channel_id = client.settings.request_channel_id
        if channel_id is None:
            return Undeliverable("REQUEST_CHANNEL_ID is not set")
        edited = await self._edit(news, card)
        if edited is None:
            channel = client.get_partial_messageable(channel_id)
            edited = await self._send(channel, post, card)
        if isinstance(edited, Delivered) and edited.channel_id == channel_id:
            client.admin_channel.note_use()
        return edited

    async def _to_member(
        self, post: OutboxMessage, news: News, card: Card
    ) -> Delivered | Undeliverable:
        edited = await self._edit(news, card)
        if edited is not None:
            return edited
        direct = await self._client.create_dm(discord.Object(news.target))
        return await self._send(direct, post, card)

    async def _keep(
        self, post: OutboxMessage, news: News, error: discord.HTTPException
    ) -> Postponed:
        """Return when to try again to tell the admins, whose channel may be back some day."""
        await self._client.admin_channel.note_refusal(error)
        is_lasting = news.what is not NewsKind.DIGEST  # the next one says how all is then
        after = min(next_try(post.attempts), _LATEST_TRY)
        return Postponed(str(error), after, keeps=is_lasting)

    async def _edit(self, news: News, card: Card) -> Delivered | Undeliverable | None:
        """Draw the message anew that was sent before; None where it has to be sent.

        One that somebody deleted is not wanted any more, unless there is more in it now. Where the
        channel is another one today, the news go there.
        """
        if news.channel_id is None or news.message_id is None:
            return None
        channel = self._client.get_partial_messageable(news.channel_id)
        try:
            message = channel.get_partial_message(news.message_id)
            await message.edit(view=card.view, attachments=card.files)
        except discord.HTTPException as error:
            if error.code == _NO_MESSAGE:
                return None if news.what is NewsKind.SUMMARY else Undeliverable(str(error))
            configured = self._client.settings.request_channel_id
            moved = news.target == ADMINS and news.channel_id != configured
            if moved and error.code in _NO_CHANNEL:
                return None
            raise
        return Delivered(news.channel_id, news.message_id)

    async def _send(
        self, channel: discord.abc.Messageable, post: OutboxMessage, card: Card
    ) -> Delivered:
        if post.attempts > 1:
            found = await find(self._client, channel, post)
            if found is not None:
                return found
        put_mark(card, post)
        # The nonce keeps a repeated call from posting twice.
        message = await channel.send(view=card.view, files=card.files, nonce=post.nonce)
        return Delivered(message.channel.id, message.id)


def _build_stop(told: IncidentsTold, items: ItemFactory) -> list[Item]:
    """Return the button by which a member is told no more of a domain."""
    subject = next(incident.subject for incident in (*told.opened, *told.closed))
    button = items.watch_button(WatchAction.REMOVE, subject)
    return [] if button is None else [button]
