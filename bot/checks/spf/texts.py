"""Sorts a domain's TXT records into SPF records, what was meant as one, and the rest."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.paste_damage import find_literal, unglue, unquote
from bot.checks.spf.joined_values import CERTAIN_TERM, split_joined
from bot.checks.spf.left_out import LeftOut, LeftOutReason
from bot.checks.spf.terms import plain
from bot.dns.spf_grammar import is_record, is_valid_term
from bot.records.text_cache import TextCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# "v=spf1;include:x", "v = spf1 mx", "spf1 mx -all": no record, but clearly meant as one.
_NEAR_VERSION = re.compile(r"(v\s*[=:]\s*spf(?:\s?\d+)?|spf1)(?!\.)[\s;,:]*", re.IGNORECASE)
_VERSION_INSIDE = re.compile(r"(?<![\w=])v=spf1(?!\S)", re.IGNORECASE)
_MECHANISM = re.compile(r"(?:include|ip4|ip6|redirect)[:=]|\b(?:all|mx)\b", re.IGNORECASE)
_LONGEST_START = 30  # characters of a text's beginning that may be a misspelt version


class SpfTextKind(StrEnum):
    """What a text is to a receiver, or would have been."""

    RECORD = "record"
    LEADING_SPACE = "leading-space"  # a record but for the blanks before it
    NON_ASCII = "non-ascii"  # a record but for a character before or right after the version
    CONTROL = "control"  # a record but for a tab or a line break
    MARKED = "marked"  # a record but for a zone file's quote marks or backslashes
    VERSION = "version"  # a record but for its version
    JOINED = "joined"  # a record but for another value that was joined to its beginning
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SpfText:
    """One TXT record's text as it stands, and as it was meant: beginning with `v=spf1`.

    `others` are values that were joined to it and are records of their own, `left_out` is what
    else was joined to it.
    """

    raw: str
    kind: SpfTextKind
    meant: str
    others: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def joined(self) -> tuple[str, ...]:
        """All that was joined to it."""
        return (*self.others, *(each.term for each in self.left_out))

    @property
    def is_sound(self) -> bool:
        """Whether it is a record in which all that was joined to it are modifiers nobody knows.

        Receivers pass over these (RFC 7208 section 6).
        """
        words = set(self.raw.split())
        passed_over = all(word in words and is_valid_term(word) for word in self.joined)
        return passed_over and self.kind is SpfTextKind.RECORD


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
    return sort_strings((raw,) for raw in raws)


def sort_strings(texts: Iterable[Sequence[bytes]]) -> tuple[SpfText, ...]:
    """Return the same for texts of which it is known where their strings begin."""
    found = map(_sort, texts)
    return tuple(text for text in found if text.kind is not SpfTextKind.OTHER)


def _sort(strings: Sequence[bytes]) -> SpfText:
    raw = decode(b"".join(strings))
    # Where a character is cut in two by a string's end, the strings cannot be read one by one.
    if len(strings) == 1 or not raw.isascii():
        return _sort_one(raw)
    return _sort_joined(raw, list(map(decode, strings)))


@TextCache  # many domains have the record that they were handed out
def _sort_one(raw: str) -> SpfText:
    return _sort_joined(raw, [raw])


def _sort_joined(raw: str, strings: Sequence[str]) -> SpfText:
    joined = split_joined(strings) if "spf1" in raw.lower() else None
    if joined is None:
        return _sort_whole(raw)
    kind = SpfTextKind.RECORD if is_record(raw) else SpfTextKind.JOINED
    elsewhere = tuple(LeftOut(text, LeftOutReason.ELSEWHERE) for text in joined.foreign)
    unsure = tuple(LeftOut(text, LeftOutReason.BESIDE) for text in joined.unsure)
    return SpfText(raw, kind, joined.spf, joined.others, (*elsewhere, *unsure))


def _sort_whole(raw: str) -> SpfText:
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
    if inside and CERTAIN_TERM.search(meant):
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
