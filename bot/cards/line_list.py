"""A list of any length on a card: as many lines as have room there, and all of them in a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.markdown import count_lines, width

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LINES: Final = 17  # on a screen, so that the card is at most 700 pixels tall
_MOST_CHARACTERS: Final = 3000


@dataclass(frozen=True, slots=True)
class LineList:
    """Lines as a card shows them, and as a text file does.

    `lines` and `plain` say the same, in the same order. `most_lines` is how many lines of a screen
    the card has room for, `most_characters` how many characters.
    """

    lines: Sequence[str]
    plain: Sequence[str]
    file_name: str
    most_lines: int = _MOST_LINES
    most_characters: int = _MOST_CHARACTERS

    @property
    def _count(self) -> int:
        """How many lines the card shows."""
        height = size = 0
        for number, line in enumerate(self.lines):
            height += count_lines(line)
            size += width(line) + 1
            if height > self.most_lines or size > self.most_characters:
                return number
        return len(self.lines)

    @property
    def shown(self) -> str:
        """The lines that the card shows."""
        return "\n".join(self.lines[: self._count])

    @property
    def hidden(self) -> int:
        """How many lines are in the file alone."""
        return len(self.lines) - self._count

    def files(self) -> tuple[discord.File, ...]:
        """Return the file with all lines; none where the card shows them all."""
        if not self.hidden:
            return ()
        data = "".join(f"{line}\n" for line in self.plain).encode("utf-8", "replace")
        return (discord.File(io.BytesIO(data), self.file_name),)
