"""Tag=value lists, the grammar that DKIM and DMARC records share, read tolerantly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

FWS = " \t\r\n"  # folding white space (RFC 6376 section 2.8)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # tag-name (RFC 6376 section 3.2)
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e \t\r\n]*")  # VALCHAR with white space between


class FaultKind(StrEnum):
    """How a part of the list breaks the grammar of RFC 6376 section 3.2."""

    NO_EQUALS = "no-equals"  # a part without "=", such as what trails after the last ";"
    EMPTY_NAME = "empty-name"  # "=value"
    BAD_NAME = "bad-name"  # characters that a tag name cannot have
    BAD_VALUE = "bad-value"  # control or non-ASCII characters
    DUPLICATE = "duplicate"  # the whole list is then to be ignored, says the RFC
    EMPTY_PART = "empty-part"  # ";;"


@dataclass(frozen=True, slots=True)
class TagFault:
    """One fault and the part of the text where it is, for a duplicate the tag's name."""

    kind: FaultKind
    text: str


@dataclass(frozen=True, slots=True)
class TagList:
    """The tags in their order, those with faults too, and the faults.

    Names are as written, because DKIM tells their case apart; DMARC does not (`any_case`). Values
    are without the white space around them, and with the one inside.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    faults: tuple[TagFault, ...] = ()

    def get(self, name: str, *, any_case: bool = False) -> str | None:
        """Return the value of the first tag of that name, or None."""
        wanted = name.lower() if any_case else name
        for tag, value in self.pairs:
            if (tag.lower() if any_case else tag) == wanted:
                return value
        return None


def parse_tags(text: str | bytes) -> TagList:
    """Return the tags of a list; nothing that it may hold raises.

    Octets are read as UTF-8; those that are none become U+FFFD, and a fault.
    """
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    pairs: list[tuple[str, str]] = []
    faults: list[TagFault] = []
    seen: set[str] = set()
    parts = text.split(";")
    if len(parts) > 1 and not parts[-1].strip(FWS):
        parts.pop()  # one ";" may end the list
    for part in parts:
        name, equals, value = part.partition("=")
        name, value = name.strip(FWS), value.strip(FWS)
        if not equals:
            kind = FaultKind.NO_EQUALS if name else FaultKind.EMPTY_PART
            faults.append(TagFault(kind, name))
            continue
        if not name:
            faults.append(TagFault(FaultKind.EMPTY_NAME, part.strip(FWS)))
            continue
        if not _NAME.fullmatch(name):
            faults.append(TagFault(FaultKind.BAD_NAME, name))
        if not _VALUE.fullmatch(value):
            faults.append(TagFault(FaultKind.BAD_VALUE, part.strip(FWS)))
        if name in seen:
            faults.append(TagFault(FaultKind.DUPLICATE, name))
        seen.add(name)
        pairs.append((name, value))
    return TagList(tuple(pairs), tuple(faults))
