"""The card that says line by line whether what requests stand on works, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.markdown import MOST_CHARACTERS, clip
from bot.doctor.line_words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.doctor.line import Line
    from bot.words import Words


def build_setup_card(
    lines: Sequence[Line], words: Words, items: ItemFactory, *, locked: bool
) -> Card:
    """Return the card of these lines, coloured as the worst of them.

    `locked` says that the mail server refused and is not called any more: there is a button to
    have it called again.
    """
    worst = max((line.status for line in lines), key=lambda status: status.rank)
    title = f"## {words.label('setup', 'title')}"
    body = "\n".join(_word(line, words) for line in lines)
    return assemble(
        [[title], [clip(body, MOST_CHARACTERS - len(title))]],
        colour=STATUS_COLOURS[worst],
        buttons=[items.unlock_button()] if locked else [],
    )


def _word(line: Line, words: Words) -> str:
    said = say(line, words)
    return f"{words.label('marks', line.status.value)} **{said.part}**: {said.sentence}"
