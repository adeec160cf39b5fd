"""The interactions under way, so that a stop can wait for them and a stale one is noticed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import discord

from bot.occasion import OCCASION, Occasion
from bot.ui.notice import build_notice
from bot.ui.replies import UNDELIVERED, whisper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.text import Words

_SEEN = "seen"  # in `Interaction.extras`
_SUBCOMMANDS = {
    discord.AppCommandOptionType.subcommand.value,
    discord.AppCommandOptionType.subcommand_group.value,
}

_log = logging.getLogger(__name__)


class Handlers:
    """Knows the task that handles each interaction, from its admission to its end."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._tasks: set[asyncio.Task[Any]] = set()
        self._draining = False

    async def admit(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether the running task may handle this interaction, of which it is noted then.

        While the bot is being stopped nothing new is taken; the member is told so.
        """
        self._note(interaction)
        if not self._draining:
            return True
        if interaction.type is discord.InteractionType.autocomplete:
            return False
        try:
            await whisper(interaction, build_notice("restarting", {}, self._words))
        except UNDELIVERED as error:
            _log.info("interaction %d: not told of the restart (%s)", interaction.id, error)
        return False

    def has_seen(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether a task has come with this interaction."""
        return _SEEN in interaction.extras

    async def drain(self, seconds: float) -> int:
        """Take nothing new, wait for what is under way, and return how many had to be left."""
        self._draining = True
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        # Tasks that the library has just started get their turn to be admitted.
        await asyncio.sleep(0)
        while self._tasks and (left := end - loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        return len(self._tasks)

    def _note(self, interaction: discord.Interaction[Any]) -> None:
        interaction.extras[_SEEN] = True
        command = _name(interaction)
        OCCASION.set(Occasion(interaction.id, command))
        _log.debug("interaction %d: %s", interaction.id, command)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def _name(interaction: discord.Interaction[Any]) -> str:
    """Return the command with its group, or the custom_id of the button or form."""
    data: Mapping[str, Any] = interaction.data or {}
    if "custom_id" in data:
        return str(data["custom_id"])
    names = []
    step: Mapping[str, Any] | None = data
    while step is not None:
        names.append(str(step.get("name", "")))
        groups = (one for one in step.get("options", ()) if one.get("type") in _SUBCOMMANDS)
        step = next(groups, None)
    return " ".join(names)
