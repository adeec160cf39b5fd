"""One message as Discord takes it: components, their colour, and the files that they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.cards.markdown import MOST_CHARACTERS, clip
from bot.checks.finding import Status
from bot.requests.model import State
from bot.rotations.rotation import RotationState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.errors import Fact
    from bot.words import Words

# The bar beside a card: decoration only, whatever it means is said in the text, too.
NEUTRAL = 0x4F7CAC  # of a card that judges nothing
_GREEN, _AMBER, _RED, _VIOLET, _GREY = 0x2E9E5B, 0xE0A11B, 0xD83C3E, 0x8A63D2, 0x80848E
DANGER = _RED  # of a card whose button cannot be undone
STATUS_COLOURS: Mapping[Status, int] = {
    Status.PASS: _GREEN,
    Status.INFO: _GREEN,
    Status.UNKNOWN: _VIOLET,
    Status.WARN: _AMBER,
    Status.FAIL: _RED,
}
STATE_COLOURS: Mapping[State, int] = {
    State.PENDING: _AMBER,
    State.APPROVED: NEUTRAL,
    State.WORKING: NEUTRAL,
    State.WAITING: NEUTRAL,
    State.LIVE: _GREEN,
    State.CLOSED: _GREEN,
    State.DENIED: _GREY,
    State.WITHDRAWN: _GREY,
    State.REPLACED: _GREY,
    State.EXPIRED: _GREY,
    State.FAILED: _RED,
}
ROTATION_COLOURS: Mapping[RotationState, int] = {
    RotationState.PREPARING: NEUTRAL,
    RotationState.PREPARED: _AMBER,
    RotationState.PUBLISHED: _AMBER,
    RotationState.LIVE: NEUTRAL,
    RotationState.SWITCHING: NEUTRAL,
    RotationState.SWITCHED: NEUTRAL,
    RotationState.RETIRING: NEUTRAL,
    RotationState.RETIRED: _GREEN,
    RotationState.UNDOING: NEUTRAL,
    RotationState.UNDONE: _GREY,
    RotationState.FAILED: _RED,
}

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
    picture: discord.File | None = None,
) -> Card:
    """Return a card of sections with lines between them; its files, choices and buttons below.

    A section holds paragraphs; empty ones and empty sections are left out. A picture, whose
    description is read to who does not see it, stands below the sections.
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
    if picture is not None:
        gallery: ui.MediaGallery[ui.LayoutView] = ui.MediaGallery()
        container.add_item(gallery.add_item(media=picture, description=picture.description))
    for file in files:
        container.add_item(ui.File(file))
    view = ui.LayoutView(timeout=None)  # what is stored answers the buttons, not this object
    view.add_item(container)
    for select in selects:  # each takes a row of its own
        view.add_item(ui.ActionRow(select))
    for start in range(0, len(buttons), _MOST_IN_A_ROW):
        view.add_item(ui.ActionRow(*buttons[start : start + _MOST_IN_A_ROW]))
    return Card(view, files if picture is None else (*files, picture))


def add_line(card: Card, text: str) -> None:
    """Put a line at the end of a card's text."""
    container = card.view.children[0]
    if isinstance(container, ui.Container):
        container.add_item(ui.TextDisplay(text))


def build_notice(
    template: str,
    facts: Mapping[str, Fact],
    words: Words,
    *,
    command: str = "",
    buttons: Sequence[ui.Item[Any]] = (),
) -> Card:
    """Return a card with the text of `templates/en/discord/<template>.j2` alone.

    Below it are the mention of a command that goes on from there, and buttons.
    """
    text = words.render(f"discord/{template}", facts).strip()
    return assemble([[clip(text, MOST_CHARACTERS), command]], buttons=buttons)
