"""Sorts a domain's TXT records into SPF records, what was meant as one, and the rest."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.paste_damage import find_literal, unglue, unquote
from bot.checks.spf.terms import plain
from bot.dns.spf_grammar import is_record

if TYPE_CHECKING:
    from collections.abc import Iterable

# "v=spf1;include:x", "v = spf1 mx", "spf1 mx -all": no record, but clearly meant as one.
_NEAR_VERSION = re.compile(r"(v\s*[=:]\s*spf(?:\s?\d+)?|spf1)(?!\.)[\s;,:]*", re.IGNORECASE)
_VERSION_INSIDE = re.compile(r"(?<![\w=])v=spf1(?!\S)", re.IGNORECASE)
_MECHANISM = re.compile(r"(?:include|ip4|ip6|redirect)[:=]|\b(?:all|mx)\b", re.IGNORECASE)
_CERTAIN_TERM = re.compile(r"(?:include|ip4|ip6|redirect)[:=]|[-~?+]all\b", re.IGNORECASE)
_LONGEST_START = 30  # characters of a text's beginning that may be a misspelt version


class SpfTextKind(StrEnum):
    """What a text is to a receiver, or would have been."""

    RECORD = "record"
    LEADING_SPACE = "leading-space"  # a record but for the blanks before it
    NON_ASCII = "non-ascii"  # a record but for a character before or right after the version
    CONTROL = "control"  # a record but for a tab or a line break
    MARKED = "marked"  # a record but for a zone file's quote marks or backslashes
    VERSION = "version"  # a record but for its version
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SpfText:
    """One TXT record's text as it stands, and as it was meant: beginning with `v=spf1`."""

    raw: str
    kind: SpfTextKind
    meant: str


@dataclass(frozen=True, slots=True)
class StrangeCharacter:
    """A character that may not stand in a record: which, in which word, and what was meant."""

    number: str  # "U+2013"
    looks: str  # "dash", "blank", "quote", "invisible" or "letter"
    word: str
    meant: str


def decode(raw: bytes) -> str:
    """Return a TXT record's text; bytes that are not UTF-8 are read as Windows-1252."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def sort_texts(raws: Iterable[bytes]) -> tuple[SpfText, ...]:
    """Return the texts that are SPF records or were meant as such, in their order."""
    texts = (_sort(decode(raw)) for raw in raws)
    return tuple(text for text in texts if text.kind is not SpfTextKind.OTHER)


def _sort(raw: str) -> SpfText:
    meant = plain(raw).strip()
    if is_record(raw):
        return SpfText(raw, SpfTextKind.RECORD, meant)
    if is_record(raw.lstrip(" ")):
        return SpfText(raw, SpfTextKind.LEADING_SPACE, meant)
    if is_record(meant):
        return SpfText(raw, SpfTextKind.CONTROL if raw.isascii() else SpfTextKind.NON_ASCII, meant)
    bare = plain(unquote(raw)).strip()
    if find_literal(raw) and is_record(unglue(bare)):
        return SpfText(raw, SpfTextKind.MARKED, unglue(bare))
    start = _NEAR_VERSION.match(meant[:_LONGEST_START])
    if start and _MECHANISM.search(meant, start.end()):
        return SpfText(raw, SpfTextKind.VERSION, f"v=spf1 {meant[start.end() :]}")
    inside = _VERSION_INSIDE.search(meant)
    if inside and _CERTAIN_TERM.search(meant):
        before, after = meant[: inside.start()], meant[inside.end() :]
        return SpfText(raw, SpfTextKind.VERSION, f"v=spf1 {after} {before}")
    return SpfText(raw, SpfTextKind.OTHER, meant)


def find_strange_character(text: str) -> StrangeCharacter | None:
    """Return the first character outside ASCII, None where there is none (RFC 7208 section 3.1)."""
    index = next((i for i, c in enumerate(text) if not c.isascii()), None)
    if index is None:
        return None
    start = text.rfind(" ", 0, index) + 1
    end = text.find(" ", index)
    word = text[start : end if end >= 0 else len(text)]
    number = f"U+{ord(text[index]):04X}"
    return StrangeCharacter(number, _looks_of(text[index]), word, plain(word).strip())


def _looks_of(character: str) -> str:
    meant = plain(character)
    if meant == "-":
        return "dash"
    if meant == " ":
        return "blank"
    if not meant:
        return "invisible" if unicodedata.category(character) == "Cf" else "quote"
    return "letter"
