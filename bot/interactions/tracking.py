"""The interactions under way, so that a stop can wait for them and a stale one is noticed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import discord

from bot.cards.layout import build_notice
from bot.interactions.gate import Arrival, GateVerdict, InteractionGate
from bot.interactions.replies import UNDELIVERED, whisper
from bot.log_context import CURRENT_INTERACTION, CurrentInteraction
from bot.telemetry import InteractionOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from bot.telemetry import Telemetry
    from bot.words import Words

_ARRIVAL, _SEEN, _ENDING = "arrival", "seen", "ending"  # in `Interaction.extras`
_SUBCOMMANDS = {
    discord.AppCommandOptionType.subcommand.value,
    discord.AppCommandOptionType.subcommand_group.value,
}

_log = logging.getLogger(__name__)


class InteractionTracker:
    """Knows the task that handles each interaction, from its admission to its end."""

    def __init__(self, words: Words, telemetry: Telemetry) -> None:
        self._words = words
        self._telemetry = telemetry
        self._tasks: set[asyncio.Task[Any]] = set()
        self.gate = InteractionGate()
        self.draining = False  # the bot is being stopped
        # What is done once somebody's interaction is handled.
        self.after: Callable[[discord.Interaction[Any]], Coroutine[Any, Any, None]] | None = None

    def note_arrival(self, interaction: discord.Interaction[Any]) -> Arrival:
        """Return an interaction's arrival, which is noted the first time."""
        arrival: Arrival | None = interaction.extras.get(_ARRIVAL)
        if arrival is None:
            arrival = interaction.extras[_ARRIVAL] = self.gate.receive(interaction.id)
        return arrival

    async def admit(self, interaction: discord.Interaction[Any]) -> bool:
        """Return whether the running task may handle this interaction, and note the task if so.

        It waits while the gate holds it. Where another process answers it, or nobody waits for an
        answer any more, nothing is said to the member. Whoever comes while the bot is being stopped
        is told so.
        """
        interaction.extras[_SEEN] = True
        arrival = self.note_arrival(interaction)
        verdict = await arrival.verdict
        if verdict is GateVerdict.ANOTHERS:
            _log.debug("interaction %d: another process answers it", interaction.id)
            return False
        if verdict is GateVerdict.NOBODYS:
            _log.warning("interaction %d: it was held for too long", interaction.id)
            self._telemetry.end(interaction.id, _kind(interaction), InteractionOutcome.LATE)
            return False
        self._note(interaction, arrival.came_at)
        if verdict is GateVerdict.OURS:
            return True
        note_ending(interaction, InteractionOutcome.TURNED_AWAY)
        if interaction.type is discord.InteractionType.autocomplete:
            return False
        try:
            await whisper(interaction, build_notice("restarting", {}, self._words))
        except UNDELIVERED as error:
            _log.info("interaction %d: not told of the restart (%s)", interaction.id, error)
        return False

    def has_seen(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether a task has asked to handle this interaction."""
        return _SEEN in interaction.extras

    def wait_for_this_task(self) -> None:
        """Have a stop wait for the running task, which may admit an interaction in a moment."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def drain(self, seconds: float) -> int:
        """Take nothing new, wait for what is under way, and return how many had to be left.

        Whoever comes meanwhile is told of the restart, unless the gate leaves them to another
        process.
        """
        self.draining = True
        self.gate.turn_away()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        # Tasks that the library has just started get their turn to be admitted.
        await asyncio.sleep(0)
        while self._tasks and (left := end - loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        return len(self._tasks)

    async def cut_off(self, seconds: float) -> None:
        """Take nothing new, and end what is under way, as nothing of it can be said any more."""
        self.draining = True
        self.gate.shut()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _note(self, interaction: discord.Interaction[Any], came_at: float) -> None:
        command = _name(interaction)
        CURRENT_INTERACTION.set(CurrentInteraction(interaction.id, command))
        _log.debug("interaction %d: %s", interaction.id, command)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            self._telemetry.begin(interaction.id, came_at)

            def leave(ended: asyncio.Task[Any]) -> None:
                self._tasks.discard(ended)
                ending = (
                    InteractionOutcome.CUT if ended.cancelled() else interaction.extras.get(_ENDING)
                )
                self._telemetry.end(
                    interaction.id, _kind(interaction), ending or InteractionOutcome.DONE
                )
                self._go_on(interaction)

            task.add_done_callback(leave)

    def _go_on(self, interaction: discord.Interaction[Any]) -> None:
        """Do what comes after an interaction; a stop waits for it as well."""
        typing = interaction.type is discord.InteractionType.autocomplete
        if self.after is None or self.draining or typing:
            return
        task = asyncio.create_task(self.after(interaction))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def note_ending(interaction: discord.Interaction[Any], ending: InteractionOutcome) -> None:
    """Note how an interaction ended, unless it simply succeeded."""
    interaction.extras[_ENDING] = ending


def _kind(interaction: discord.Interaction[Any]) -> str:
    """Return a command's name as we declared it, or what kind of thing it was."""
    match interaction.type:
        case discord.InteractionType.application_command:
            return interaction.command.qualified_name if interaction.command else "unknown"
        case discord.InteractionType.autocomplete:
            return "autocomplete"
        case discord.InteractionType.modal_submit:
            return "form"
        case _:
            return "button"


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
