"""Finds invisible characters in text, and makes typed text safe to repeat in a message."""

from __future__ import annotations

import re
import unicodedata

_LONGEST_ECHO = 60  # characters of what was typed that a message repeats
LONGEST_VALUE = 160  # characters of one value inside a sentence; the details have the whole

# Characters without a picture that Unicode does not call control or format characters.
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BLANKS = re.compile(r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")

# Unicode has no names for these.
_CONTROLS = {"\t": "a tab", "\n": "a line break", "\r": "a line break", " ": "a blank"}


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


def name_character(character: str) -> str:
    """Return how people call a character: "!" (exclamation mark), no-break space (U+00A0)."""
    name = unicodedata.name(character, "").lower()
    number = f"U+{ord(character):04X}"
    if is_hidden(character) or _BLANKS.match(character) or not character.isprintable():
        if character in _CONTROLS:
            return _CONTROLS[character]
        return f"{name or 'control character'} ({number})"
    if unicodedata.combining(character):
        return f"{name} ({number})"
    return f'"{character}" ({name or number})'


def echo(text: str) -> str:
    """Return what was typed for a message: one line of at most 60 characters, none invisible."""
    return "".join(_show(character) for character in shorten(text, _LONGEST_ECHO))


def _show(character: str) -> str:
    if _BLANKS.match(character):
        return " "
    return "\ufffd" if is_hidden(character) or not character.isprintable() else character


def reveal(text: str) -> str:
    r"""Return text with everything invisible written out (`\x1b`, `\u202e`).

    Control characters drive terminals, bidirectional and zero-width ones hide what is there;
    blanks other than U+0020 are shown too.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _is_visible(c) else _escape(c) for c in text)


def shorten(text: str, limit: int = LONGEST_VALUE) -> str:
    """Return text of at most `limit` characters, with an ellipsis where it was longer."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is_visible(character: str) -> bool:
    return character == " " or (character.isprintable() and not is_hidden(character))


def _escape(character: str) -> str:
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
