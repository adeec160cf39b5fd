"""Answers to interactions: acknowledged within three seconds, and given when they are ready."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import discord

from bot.cards.layout import build_notice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.words import Words

PROGRESS_AFTER = 1.5  # seconds before a card says what is going on

# What comes of an HTTP call besides its answer; the library lets aiohttp's own errors through.
UNDELIVERED = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)

_UNKNOWN_INTERACTION = 10062  # the first answer came after three seconds
_UNKNOWN_WEBHOOK = 10015  # the interaction's token is gone
_DEAD_TOKEN = 50027  # the interaction's token is older than fifteen minutes
_ALREADY_ANSWERED = 40060  # somebody else's first answer was faster
_NOBODY_LISTENS = {_UNKNOWN_INTERACTION, _UNKNOWN_WEBHOOK, _DEAD_TOKEN, _ALREADY_ANSWERED}

_ANSWERED = "answered"  # in `Interaction.extras`: the deferred reply holds its card

_log = logging.getLogger(__name__)


async def acknowledge(interaction: discord.Interaction[BotBase], *, private: bool = True) -> None:
    """Tell Discord that an answer is on its way; goes before anything else in a handler.

    Returned is when it is told, and so are the others of a burst. Raises what the HTTP call raises:
    without it nobody would see the answer.
    """
    tell = partial(interaction.response.defer, thinking=True, ephemeral=private)
    await interaction.client.burst.acknowledge(tell)


async def acknowledge_click(interaction: discord.Interaction[BotBase]) -> None:
    """Acknowledge a click, and leave the card as it is until there is an answer.

    Returns and raises as `acknowledge` does.
    """
    await interaction.client.burst.acknowledge(interaction.response.defer)


async def answer(interaction: discord.Interaction[Any], card: Card) -> int | None:
    """Give the card as the answer: the first one, privately, or into the reply that waits.

    Returned is the id of its message, None where nobody waits for it any more. A token that has
    died meanwhile is logged: there is nobody left to tell.
    """
    number = None
    try:
        number = await _show(interaction, card)
    except discord.HTTPException as error:
        if not is_dead(error):
            raise
        _log.info("interaction %d: the answer came too late (%s)", interaction.id, error)
    interaction.extras[_ANSWERED] = True
    return number


async def whisper(interaction: discord.Interaction[Any], card: Card) -> None:
    """Give the card as a private message, whatever was answered before; raises HTTP's errors."""
    response = interaction.response
    if response.type is discord.InteractionResponseType.deferred_channel_message:
        if not interaction.extras.get(_ANSWERED):
            await _show(interaction, card)
            interaction.extras[_ANSWERED] = True
            return
    elif not response.is_done():
        await response.send_message(view=card.view, files=card.files, ephemeral=True)
        return
    await interaction.followup.send(view=card.view, files=card.files, ephemeral=True)


def is_dead(error: BaseException) -> bool:
    """Whether an HTTP call failed because nobody waits for this interaction's answer any more."""
    return isinstance(error, discord.HTTPException) and error.code in _NOBODY_LISTENS


class Progress:
    """Says on the waiting reply what is going on, when its body takes longer than 1.5 s."""

    def __init__(
        self,
        interaction: discord.Interaction[Any],
        words: Words,
        template: str,
        facts: Mapping[str, Fact],
    ) -> None:
        self._interaction = interaction
        self._words = words
        self._template = template
        self._facts = facts
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._timer = asyncio.get_running_loop().call_later(PROGRESS_AFTER, self._start)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._telling is not None:
            # Waited for, not cancelled: the card must not be overtaken by what it replaces.
            await self._telling

    def _start(self) -> None:
        self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        card = build_notice(self._template, self._facts, self._words)
        try:
            await _show(self._interaction, card)
        except UNDELIVERED as error:
            _log.info("interaction %d: no progress shown (%s)", self._interaction.id, error)


async def _show(interaction: discord.Interaction[Any], card: Card) -> int | None:
    if interaction.response.is_done():
        files = card.files
        return (await interaction.edit_original_response(view=card.view, attachments=files)).id
    sent = await interaction.response.send_message(view=card.view, files=card.files, ephemeral=True)
    return sent.message_id
