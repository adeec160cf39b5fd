"""Handles every error of a command, a button or a form: tells the member and writes the log."""

from __future__ import annotations

import logging
import secrets
import textwrap
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.cards.layout import build_notice
from bot.errors import InvalidKey, InvalidName, RequestError, UsageError
from bot.interactions.replies import UNDELIVERED, is_dead, whisper
from bot.interactions.sending_fence import NotTheOne
from bot.interactions.tracking import note_ending
from bot.telemetry import InteractionOutcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.words import Words

# What the member has typed or done themselves; its words are meant for them. The other errors of
# ours are the operator's, and their words may name files.
_MEMBERS_OWN = (InvalidName, InvalidKey, RequestError, UsageError)

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are mistaken for another

_log = logging.getLogger(__name__)


class ErrorManager:
    """Gives the member one private answer with a remedy, and logs the error."""

    def __init__(self, words: Words) -> None:
        self._words = words

    async def report(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """Tell the member what went wrong; an error while telling is logged, not raised."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if is_dead(cause):
            _log.info("interaction %d: nobody waits for an answer (%s)", interaction.id, cause)
            note_ending(interaction, InteractionOutcome.LATE)
            return
        if isinstance(cause, NotTheOne):
            _log.info("interaction %d: it is not answered here (%s)", interaction.id, cause)
            note_ending(interaction, InteractionOutcome.CUT)
            return
        card = self._word(interaction, cause)
        if interaction.type is discord.InteractionType.autocomplete:
            return
        try:
            await whisper(interaction, card)
        except UNDELIVERED as failure:
            _log.warning("interaction %d: the member was not told (%s)", interaction.id, failure)

    def _word(self, interaction: discord.Interaction[Any], cause: BaseException) -> Card:
        if isinstance(cause, _MEMBERS_OWN):
            note_ending(interaction, InteractionOutcome.REFUSED)
            # A value in a template is cut where it is long; these sentences are wanted whole.
            parts = tuple(textwrap.wrap(self._words.plain.error(cause), 150))
            return build_notice("refused", {"parts": parts}, self._words)
        if isinstance(cause, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            _log.info("interaction %d: %s", interaction.id, cause)
            note_ending(interaction, InteractionOutcome.STALE)
            return build_notice("out_of_date", {}, self._words)
        if isinstance(cause, app_commands.CheckFailure):
            note_ending(interaction, InteractionOutcome.REFUSED)
            return build_notice("not_allowed", {}, self._words)
        note_ending(interaction, InteractionOutcome.FAILED)
        reference = "".join(secrets.choice(_LETTERS) for _ in range(6))
        _log.error(
            "%s: interaction %d failed",
            reference,
            interaction.id,
            exc_info=cause,
            extra={"reference": reference},
        )
        return build_notice("error", {"reference": reference}, self._words)


async def guard(
    interaction: discord.Interaction[BotBase],
    work: Callable[[discord.Interaction[BotBase]], Awaitable[None]],
) -> None:
    """Do the work of a dynamic item, whose errors the library hands to nobody."""
    client = interaction.client
    if not await client.tracker.admit(interaction):
        return
    try:
        await work(interaction)
    except Exception as error:  # noqa: BLE001 - here every error ends
        await client.error_manager.report(interaction, error)


class GuardedModal(discord.ui.Modal):
    """A form whose errors are worded and logged, and which is forgotten after 900 seconds.

    Its custom_id says what for, so that what is sent later, or after a restart, is taken as well:
    see `bot.interactions.clicks`.
    """

    def __init__(self, title: str, custom_id: str) -> None:
        # Without a timeout the library keeps every form that was ever opened.
        super().__init__(title=title, timeout=900, custom_id=custom_id)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Whether the bot takes new work."""
        admitted: bool = await interaction.client.tracker.admit(interaction)
        return admitted

    async def on_error(  # type: ignore[override]  # the library's own forms take no item either
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        """Have the error worded and logged."""
        await interaction.client.error_manager.report(interaction, error)
