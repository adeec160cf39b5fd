"""Text on cards: values to copy, and shortening that breaks no code span."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from bot.cards.budget import width
from bot.characters import LONGEST_VALUE, reveal

if TYPE_CHECKING:
    from bot.words import Words

# What has to stay whole: a code block, a code span, a character with its escape.
_UNIT = re.compile(r"```.*?```|`[^`]*`|\\.|.", re.DOTALL)
_LONGEST_SHOWN = 64  # characters of a value that is only to be recognised
_EDGE = 24  # characters of each end of a longer one


def block(*lines: str) -> str:
    """Return a value, or several lines, in a code block; nothing in it can end the block."""
    text = "\n".join(reveal(line).replace("`", "ˋ") or " " for line in lines)
    return f"```\n{text}\n```"


def span(value: str) -> str:
    """Return a short value in a code span; nothing in it can end the span."""
    return f"`{reveal(value).replace('`', 'ˋ') or ' '}`"


def say_remark(text: str, words: Words) -> str:
    """Return a sentence of ours that quotes somebody, as a small line; made safe, and whole."""
    # One value in a template is cut where it is long, so this comes as several.
    parts = tuple(textwrap.wrap(text, LONGEST_VALUE))
    return f"-# {words.sentence('discord/remark', {'parts': parts})}"


def is_copyable(value: str) -> bool:
    """Whether a code block shows a value just as it is, so that a copy of it is right."""
    return "`" not in value and reveal(value) == value


def both_ends(value: str) -> str:
    """Return a value with its middle left out where it is long: keys differ at their ends."""
    return value if len(value) <= _LONGEST_SHOWN else f"{value[:_EDGE]} … {value[-_EDGE:]}"


def clip(text: str, most: int) -> str:
    """Return Markdown of at most `most` characters, cut only where nothing is left open."""
    if width(text) <= most:
        return text
    kept, size = [], width(" …")
    for unit in _UNIT.findall(text):
        size += width(unit)
        if size > most:
            break
        kept.append(unit)
    return "".join(kept).rstrip() + " …"
