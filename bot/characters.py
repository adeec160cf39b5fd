"""Characters that people cannot see, and what they typed made fit for a message."""

from __future__ import annotations

import re
import unicodedata

_LONGEST_ECHO = 60  # characters of what was typed that a message repeats

# Characters without a picture that Unicode does not call control or format characters.
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BLANKS = re.compile(r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def has_blank(text: str) -> bool:
    """Whether there is a blank, a tab or a line break in the text."""
    return bool(_BLANKS.search(text))


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing or changes how others show: control, format, bidi."""
    category = unicodedata.category(character)
    return category in {"Cc", "Cf", "Cs", "Zl", "Zp"} or bool(_FILLERS.match(character))


def describe(character: str) -> str:
    """Return a character with its number and name: "☕" (U+2615, HOT BEVERAGE)."""
    name = unicodedata.name(character, "")
    number = f"U+{ord(character):04X}" + (f", {name}" if name else "")
    if is_hidden(character) or not character.isprintable() or unicodedata.combining(character):
        return number
    return f'"{character}" ({number})'


def echo(text: str) -> str:
    """Return what was typed for a message: one line of at most 60 characters, none invisible."""
    safe = text if len(text) <= _LONGEST_ECHO else text[: _LONGEST_ECHO - 1] + "…"
    return "".join(_show(character) for character in safe)


def _show(character: str) -> str:
    if _BLANKS.match(character):
        return " "
    return "\ufffd" if is_hidden(character) or not character.isprintable() else character
