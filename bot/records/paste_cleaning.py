r"""Takes from a paste what programs lay around and between its characters, never inside a value.

A DKIM record has ASCII alone (RFC 6376 section 3.2), and none of its tags has use for `&`, `%`, `<`
or a quote mark. So each step here has one possible reading.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from bot.characters import is_hidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.records.placed_text import PlacedText

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+|[\x0b\x0c]+")
_SMART_QUOTES = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\uff07", "'"),
}
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,15});")
_LAYERS = 2  # `&amp;quot;`: escaped twice
_PERCENT_START = re.compile(r"v(?:%20)*%3d(?:%20)*dkim1", re.IGNORECASE)
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})|\+")
_MAIL_START = re.compile(r"v ?=3d ?dkim1", re.IGNORECASE)
_MAIL = re.compile(r"=([0-9A-F]{2})|=[ \t]*\r?\n")
_ELEMENT = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,15}(?:\s[^<>]{0,200})?/?>")
_QUOTED_LINE = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)
_ESCAPED_QUOTE = re.compile(r"\\u00(22|27)")


class Cleaning(NamedTuple):
    """One step: what it takes away, who writes it, and the function."""

    name: str
    source: str
    clean: Callable[[PlacedText], PlacedText]


def clean_paste(text: PlacedText) -> PlacedText:
    """Return a paste in ASCII where it can be, without the marks of browsers, chats and mail."""
    for step in CLEANINGS:
        text = step.clean(text)
    return text


def decode_percent(text: PlacedText) -> PlacedText:
    """Return a text whose `%3D` stand for characters, where that of `v=DKIM1` does.

    A plus sign is then a blank; in base64 it would be `%2B`.
    """
    if not _PERCENT_START.search(text.text):
        return text
    return text.sub(_PERCENT, lambda found: chr(int(found[1], 16)) if found[1] else " ")


def decode_mail(text: PlacedText) -> PlacedText:
    """Return a text whose `=3D` stand for characters, where that of `v=DKIM1` does."""
    if not _MAIL_START.search(text.text):
        return text
    return text.sub(_MAIL, lambda found: chr(int(found[1], 16)) if found[1] else "")


def decode_entities(text: PlacedText) -> PlacedText:
    """Return a text whose `&quot;` and the like stand for characters."""
    for _ in range(_LAYERS):
        text = text.sub(_ENTITY, lambda found: html.unescape(found[0]))
    return text


def drop_elements(text: PlacedText) -> PlacedText:
    """Return a text without the elements of HTML; `<br>` and `<wbr>` break lines in a key."""
    return text.sub(_ELEMENT, lambda _: " ")


def normalise_characters(text: PlacedText) -> PlacedText:
    """Return a text without invisible characters, with plain blanks, line breaks and quotes."""
    return text.sub(_NOT_ASCII, lambda found: "".join(map(_normalise, found[0])))


def _normalise(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs" or character in "\x0b\x0c":
        return " "
    if category in {"Zl", "Zp"} or character == "\x85":
        return "\n"
    if category == "Cf" or (category == "Mn" and is_hidden(character)):
        return ""  # byte order mark, zero-width space, joiner, soft hyphen, direction mark
    return _SMART_QUOTES.get(character, character)


def drop_line_marks(text: PlacedText) -> PlacedText:
    """Return a text without the `>` of a quotation at the beginning of lines."""
    return text.sub(_QUOTED_LINE, lambda _: "")


def name_quotes(text: PlacedText) -> PlacedText:
    r"""Return a text with `\"` for the `\u0022` of some writers of JSON."""
    return text.sub(_ESCAPED_QUOTE, lambda found: '\\"' if found[1] == "22" else "\\'")


CLEANINGS = (
    Cleaning("percent signs", "RFC 3986 section 2.1, HTML's form encoding", decode_percent),
    Cleaning("quoted-printable", "RFC 2045 section 6.7", decode_mail),
    Cleaning("entities", "HTML section 13.5", decode_entities),
    Cleaning("elements of HTML", "HTML", drop_elements),
    Cleaning("characters", "Unicode: general categories", normalise_characters),
    Cleaning("quotations", "Discord's markdown, RFC 3676 section 4.5", drop_line_marks),
    Cleaning("escaped quotes", "RFC 8259 section 7", name_quotes),
)
