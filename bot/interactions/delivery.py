"""Carries what is in the outbox to Discord: the admin's cards, and the members' messages."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.cards.member_cards import (
    build_admin_notice,
    build_ended_card,
    build_live_card,
    build_progress_card,
    build_record_card,
    build_superseded_card,
)
from bot.errors import CowbellError
from bot.interactions.message_marks import address, find, put_mark
from bot.interactions.replies import UNDELIVERED
from bot.interactions.request_answers import card_of
from bot.requests.evidence import load_evidence
from bot.requests.kinds import KINDS
from bot.requests.model import Audience, MessageKind, RequestKind, Undelivered
from bot.requests.outbox_worker import Delivered, Postponed, Undeliverable
from bot.requests.schedule import next_try

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.records.mail_server import MailServer
    from bot.requests.model import OutboxMessage, Request
    from bot.words import Words

_CLOSED = 50007  # the member takes no direct messages from us
_STRANGER = 50278  # we share no server with them
_NOBODY = {10007, 10013, _STRANGER}  # an unknown member or user
# Nothing and nobody is there any more: an unknown channel, guild, or message.
_GONE = {10003, 10004, 10008, *_NOBODY}
_NO_RIGHT = {50001, 50013}  # we may not see a channel, or not write there
_LATEST_TRY = timedelta(minutes=10)  # between two looks whether the request channel is back

_log = logging.getLogger(__name__)


class Delivery:
    """Delivers one message of the outbox; see `bot.requests.outbox_worker.Deliver`."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    async def __call__(
        self, post: OutboxMessage, request: Request
    ) -> Delivered | Postponed | Undeliverable:
        """Deliver one message and return the result; errors of Discord are results as well."""
        try:
            if post.what.target is Audience.ADMIN:
                return await self._to_admins(post, request)
            return await self._to_member(post, request)
        except discord.HTTPException as error:
            _log.info("request %d, %s: %s", request.id, post.what.value, error)
            if post.what.target is Audience.ADMIN:
                return await self._keep(post, request, error)
            if error.code not in _GONE:
                return Postponed(str(error))
            why = Undelivered.LEFT if error.code in _NOBODY else Undelivered.NO_WAY
            return Undeliverable(str(error), why)
        except (*UNDELIVERED, CowbellError) as error:
            _log.warning("request %d, %s: %s", request.id, post.what.value, error)
            return Postponed(str(error) or type(error).__name__)

    async def _to_admins(
        self, post: OutboxMessage, request: Request
    ) -> Delivered | Postponed | Undeliverable:
        client = self._client
        channel_id = client.settings.request_channel_id
        place = request.card_channel_id, request.card_message_id
        if post.what is MessageKind.ADMIN_EDIT:
            edited = await self._edit(*place, await self._build_for_admins(post, request))
            if isinstance(edited, Delivered) and edited.channel_id == channel_id:
                client.admin_channel.note_use()
            # The card of a request that is open is posted anew where it was deleted.
            if isinstance(edited, Delivered) or not request.open:
                return edited
        if channel_id is None:
            return Undeliverable("REQUEST_CHANNEL_ID is not set")
        if post.what is MessageKind.ADMIN_CARD and place[0] == channel_id and place[1] is not None:
            return Delivered(channel_id, place[1])
        channel = client.get_partial_messageable(channel_id)
        if post.attempts > 1:
            found = await find(client, channel, post, request)
            if found is not None:
                return found
        if post.what is MessageKind.ADMIN_CARD and not request.open:
            return Undeliverable("the request has ended")
        sent = await self._send(channel, post, await self._build_for_admins(post, request))
        client.admin_channel.note_use()
        return sent

    async def _keep(
        self, post: OutboxMessage, request: Request, error: discord.HTTPException
    ) -> Postponed | Undeliverable:
        """Return when to try again to tell the admins, who have no other word of an open request.

        The channel may be made anew, and configured, or its rights given back, some day.
        """
        await self._client.admin_channel.note_refusal(error)
        if not request.open:
            gone = error.code in _GONE
            return Undeliverable(str(error)) if gone else Postponed(str(error))
        return Postponed(str(error), min(next_try(post.attempts), _LATEST_TRY), keeps=True)

    async def _build_for_admins(self, post: OutboxMessage, request: Request) -> Card:
        client = self._client
        server, words = client.member_service.server, client.words
        match post.what:
            case MessageKind.ADMIN_REMINDER:
                return build_admin_notice("admin_reminder", request, server, words)
            case MessageKind.ADMIN_FAILED:
                return build_admin_notice("admin_failed", request, server, words)
            case _:
                return await card_of(client, request)

    async def _to_member(
        self, post: OutboxMessage, request: Request
    ) -> Delivered | Postponed | Undeliverable:
        if request.forgotten:
            return Undeliverable("the member had their data deleted")
        if post.what is MessageKind.MEMBER_EDIT:
            return await self._edit_for_member(request)
        if post.what is MessageKind.MEMBER_SUPERSEDED:
            try:
                return await self._edit_for_member(request, build_superseded_card)
            except discord.Forbidden as error:  # the record that is right goes out all the same
                return Undeliverable(str(error))
        if post.what in {MessageKind.MEMBER_LIVE, MessageKind.MEMBER_EXPIRED}:
            # So that the record's message does not go on saying that it is looked for.
            with contextlib.suppress(discord.Forbidden):  # the news goes out all the same
                await self._edit_for_member(request)
        client = self._client
        direct = await client.create_dm(discord.Object(request.member_id))
        channel = client.get_partial_messageable(request.channel_id)
        if post.attempts > 1:
            found = await find(client, direct, post, request)
            found = found or await find(client, channel, post, request)
            if found is not None:
                return found
        try:
            return await self._send(direct, post, await self._build_for_member(post, request))
        except discord.Forbidden as error:
            if error.code not in {_CLOSED, _STRANGER}:
                raise
        # One who has left cannot take any either, and nobody else should read what was theirs.
        guild = await client.fetch_guild(request.guild_id, with_counts=False)
        await guild.fetch_member(request.member_id)
        card = await self._build_for_member(post, request)
        try:
            return await self._send(channel, post, card, mention=request.member_id)
        except discord.Forbidden as error:
            if error.code not in _NO_RIGHT:
                raise
            return Undeliverable(str(error), Undelivered.NO_WAY)

    async def _build_for_member(self, post: OutboxMessage, request: Request) -> Card:
        server, words = self._client.member_service.server, self._client.words
        match post.what:
            case MessageKind.MEMBER_LIVE:
                offer = await self._may_offer_dmarc(request)
                watching, member_id = self._client.watching, request.member_id
                return build_live_card(
                    request,
                    server,
                    words,
                    self._client.items,
                    offer_dmarc=offer,
                    offer_watch=await watching.can_be_offered(member_id, request.domain),
                )
            case (
                MessageKind.MEMBER_DENIED | MessageKind.MEMBER_EXPIRED | MessageKind.MEMBER_REPLACED
            ):
                return build_ended_card(request, server, words)
            case _ if KINDS[request.kind].record is not None:
                return build_record_card(request, server, words)
            case _:
                return build_progress_card(request, server, words)

    async def _may_offer_dmarc(self, request: Request) -> bool:
        """Whether the plan said, when the record was seen to be live, to ask for DMARC next."""
        requests, evidence = self._client.requests, load_evidence(request.evidence)
        if request.kind is not RequestKind.DKIM or requests is None or evidence is None:
            return False
        others = await requests.of_domain(request.domain)
        is_asked = any(r.kind is RequestKind.DMARC and r.open for r in others)
        return evidence.asks is RequestKind.DMARC and not is_asked

    async def _edit_for_member(
        self,
        request: Request,
        build: Callable[[Request, MailServer, Words], Card] | None = None,
    ) -> Delivered | Undeliverable:
        """Draw the member's message anew, with the card of the request's kind if no other."""
        if request.message_id is None:
            return Undeliverable("there is no message to edit")
        server, words = self._client.member_service.server, self._client.words
        publishes = KINDS[request.kind].record is not None
        build = build or (build_record_card if publishes else build_progress_card)
        card = build(request, server, words)
        if request.message_channel_id == request.channel_id:
            address(card, request.member_id)
        return await self._edit(request.message_channel_id, request.message_id, card)

    async def _edit(
        self, channel_id: int | None, message_id: int | None, card: Card
    ) -> Delivered | Undeliverable:
        if channel_id is None or message_id is None:
            return Undeliverable("there is no message to edit")
        channel = self._client.get_partial_messageable(channel_id)
        message = channel.get_partial_message(message_id)
        try:
            await message.edit(view=card.view, attachments=card.files)
        except discord.HTTPException as error:
            if error.code not in _GONE:
                raise
            return Undeliverable(str(error))
        return Delivered(channel_id, message_id)

    async def _send(
        self,
        channel: discord.abc.Messageable,
        post: OutboxMessage,
        card: Card,
        *,
        mention: int | None = None,
    ) -> Delivered:
        put_mark(card, post)
        pinged = discord.AllowedMentions.none()
        if mention is not None:
            address(card, mention)
            pinged = discord.AllowedMentions(
                everyone=False, roles=False, replied_user=False, users=[discord.Object(mention)]
            )
        message = await channel.send(
            view=card.view, files=card.files, nonce=post.nonce, allowed_mentions=pinged
        )
        return Delivered(message.channel.id, message.id)
