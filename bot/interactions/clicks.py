"""Buttons and selects that work after a restart: the custom_id says which handler gets a click."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import discord

from bot.cards.layout import build_notice
from bot.interactions.error_manager import guard
from bot.interactions.replies import whisper
from bot.interactions.tracking import note_ending
from bot.telemetry import InteractionOutcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.interactions.bot import BotBase


@dataclass(frozen=True, slots=True)
class Click:
    """A click: the named parts of the custom_id, and the values chosen in a select.

    A part has the form that the template asks for. Everything may be forged: whether the number
    exists, and whether this member may use it, is the handler's to find out.
    """

    parts: Mapping[str, str]
    values: tuple[str, ...] = ()

    def number(self, name: str) -> int:
        """Return a part that is digits as a number."""
        return int(self.parts[name])


Handler: TypeAlias = "Callable[[discord.Interaction[BotBase], Click], Awaitable[None]]"


class ClickHandlers:
    """The handlers by the template of the custom_ids that they answer for; filled by the cogs."""

    def __init__(self) -> None:
        self._handlers: dict[re.Pattern[str], Handler] = {}

    def add(self, template: str, handler: Handler) -> None:
        """Have clicks whose whole custom_id fits this regular expression handled."""
        self._handlers[re.compile(template)] = handler

    def find(
        self, custom_id: str, values: tuple[str, ...] = ()
    ) -> tuple[Handler, Click] | tuple[None, None]:
        """Return the handler of a custom_id and the click for it; None, None if unknown."""
        for pattern, handler in self._handlers.items():
            if match := pattern.fullmatch(custom_id):
                parts = {name: text for name, text in match.groupdict().items() if text is not None}
                return handler, Click(parts, values)
        return None, None


class PersistentItem(discord.ui.DynamicItem["discord.ui.Item[Any]"], template="cowbell:.+"):
    """A button or select whose custom_id holds all that its handler needs.

    There is this one class for all of them. The library drops errors of a dynamic item, so
    everything that can fail is done in `guard`.
    """

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the library's interface
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003 - as above
        /,
    ) -> Self:
        """Return the button or select that was used."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the click to its handler; whatever goes wrong is told to the member."""
        await guard(interaction, self._handle)

    async def _handle(self, interaction: discord.Interaction[BotBase]) -> None:
        client = interaction.client
        values = tuple(getattr(self.item, "values", ()))  # a button has none
        handler, click = client.clicks.find(self.custom_id, values)
        if handler is None or click is None:  # of another version
            note_ending(interaction, InteractionOutcome.STALE)
            await whisper(interaction, build_notice("out_of_date", {}, client.words))
            return
        await handler(interaction, click)
