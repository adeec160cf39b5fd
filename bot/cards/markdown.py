"""Text on cards: Discord's limits, values to copy, and shortening that breaks no code span."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from bot.characters import LONGEST_VALUE, reveal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.words import Words

MOST_CHARACTERS = 4000  # over all text of one message

# What has to stay whole: a code block, a code span, a character with its escape.
_UNIT = re.compile(r"```.*?```|`[^`]*`|\\.|.", re.DOTALL)
_LONGEST_SHOWN = 64  # characters of a value that is only to be recognised
_EDGE = 24  # characters of each end of a longer one
_LINE = 65  # characters, as wide as letters mostly are
_LINE_OF_BLOCK = 56  # characters, all of one width
_MARKS = re.compile(r"[`*]")


def width(text: str) -> int:
    """Return how many characters a text takes: UTF-16 units, never fewer than Discord counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def block(*lines: str) -> str:
    """Return a value, or several lines, in a code block; nothing in it can end the block."""
    text = "\n".join(reveal(line).replace("`", "ˋ") or " " for line in lines)
    return f"```\n{text}\n```"


def span(value: str) -> str:
    """Return a short value in a code span; nothing in it can end the span."""
    return f"`{reveal(value).replace('`', 'ˋ') or ' '}`"


def moment(at: datetime) -> str:
    """Return a time as Discord shows it in the reader's own way: how long ago, or until then."""
    return f"<t:{int(at.timestamp())}:R>"


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


def count_lines(text: str) -> int:
    """Return about how many lines a text takes on a screen, the edges of a block counted."""
    parts = text.split("```")  # by turns outside of a block and in one
    plain = (_MARKS.sub("", line) for part in parts[::2] for line in part.splitlines())
    lines = sum(math.ceil(width(line) / _LINE) for line in plain)
    blocks = (width(part.strip()) for part in parts[1::2])
    return lines + sum(1 + math.ceil(size / _LINE_OF_BLOCK) for size in blocks)


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


def choose(pieces: Iterable[Sequence[str]], room: int = MOST_CHARACTERS) -> list[str]:
    """Return one version of each piece, as full as the room in characters lets them be.

    A piece is its versions from the fullest to the shortest, which may be "" for leaving it out.
    Pieces that come first get their room first; the shortest versions of all are kept for sure,
    so that together they must fit.
    """
    pieces = [tuple(piece) for piece in pieces]
    chosen = [piece[-1] for piece in pieces]
    left = room - sum(width(text) for text in chosen)
    for place, piece in enumerate(pieces):
        for text in piece:
            more = width(text) - width(chosen[place])
            if more <= left:
                chosen[place] = text
                left -= more
                break
    return chosen
