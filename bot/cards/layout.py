"""One message as Discord takes it: components and the files that they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from discord import ui

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NEUTRAL = 0x4F7CAC  # the bar of a card that judges nothing
_MOST_IN_A_ROW = 5  # buttons; Discord takes no more


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that one message needs; built anew for each, since a file is sent only once."""

    view: ui.LayoutView
    files: tuple[discord.File, ...] = ()


def assemble(
    sections: Iterable[Sequence[str]],
    *,
    colour: int | None = None,
    selects: Sequence[ui.Item[ui.LayoutView]] = (),
    buttons: Sequence[ui.Item[ui.LayoutView]] = (),
    files: tuple[discord.File, ...] = (),
) -> Card:
    """Return a card of sections with lines between them; its files, choices and buttons below.

    A section holds paragraphs; empty ones and empty sections are left out. `colour`
    is the bar beside the card: decoration only, whatever it means is said in the text, too.
    """
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    for section in sections:
        items: list[ui.TextDisplay[ui.LayoutView]] = [
            ui.TextDisplay(text) for text in section if text
        ]
        if items and container.children:
            container.add_item(ui.Separator())
        for item in items:
            container.add_item(item)
    for file in files:
        container.add_item(ui.File(file))
    view = ui.LayoutView(timeout=None)  # what is stored answers the buttons, not this object
    view.add_item(container)
    for select in selects:  # each takes a row of its own
        view.add_item(ui.ActionRow(select))
    for start in range(0, len(buttons), _MOST_IN_A_ROW):
        view.add_item(ui.ActionRow(*buttons[start : start + _MOST_IN_A_ROW]))
    return Card(view, files)
