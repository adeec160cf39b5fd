"""Writes a line of `/mailadmin setup` or `doctor` as sentences, the same on card and console."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.doctor.line import Line
    from bot.words import Words


@dataclass(frozen=True, slots=True)
class LineText:
    """A line in words: what it is about, and a sentence or two with the remedy."""

    part: str
    sentence: str


def say(line: Line, words: Words) -> LineText:
    """Return a line in the words of their medium."""
    # One value in a template is cut where it is long, so an error's words come as several.
    said = "" if line.error is None else words.plain.error(line.error)
    facts = {**line.facts, "parts": tuple(textwrap.wrap(said, 150))}
    part = words.label("parts", line.part)
    if line.about:
        part = f"{part} {words.code(line.about)}"
    return LineText(part, words.sentence(f"doctor/{line.code}", facts))
