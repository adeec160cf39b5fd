r"""What a backslash stands for in the languages that records are written in.

`\"`, `\;` and `\/` are the same everywhere. A number may be decimal (RFC 1035 section 5.1) or octal
(tinydns-data, C), so outside tinydns it is read only where its octal reading is nothing that a
record has. A backslash that says nothing certain stays, and is refused where the record is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.records.placed_text import PlacedText

_ESCAPE = re.compile(
    r"(?<!\\)\\++"
    r"(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-9]{3})|[nrt]|\r?\n[ \t]*|([^A-Za-z0-9]))"
)
_DECIMAL = frozenset(' "$()+./:;=@\\')  # what zone files escape
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_JOINT = re.compile(r"(?<!\\)(\\*+[\"'])\s*+\1")


def unescape(text: PlacedText) -> PlacedText:
    r"""Return a text without the backslashes of zone files, JSON, YAML, HCL and shells.

    How many stand in a row says how often the text was quoted, and does not matter: a record has no
    backslash. `\n` and a backslash at the end of a line break a line.
    """
    return text.sub(_ESCAPE, _unescape)


def unescape_octal(text: PlacedText) -> PlacedText:
    r"""Return a text of tinydns-data, where `\072` is a colon."""
    return text.sub(_OCTAL, lambda found: chr(int(found[1], 8)))


def drop_inner_joints(text: PlacedText) -> PlacedText:
    r"""Return a text without the `" "` where its strings meet, however deep they are escaped."""
    return text.sub(_JOINT, lambda _: "")


def _unescape(found: re.Match[str]) -> str:
    if code := found[1] or found[2]:
        return chr(int(code, 16))
    if found[3]:
        character = chr(int(found[3]))
        return character if character in _DECIMAL else found[0]
    return found[4] or "\n"
