r"""The forms in which DKIM records are shown and kept, each read by one small function.

All begin at what only a record has: its version, its tags, the armour of a PEM file, or the first
octets of a key. What follows is read by the rules of the form, and ends where the key's own DER
says that it ends (`bot.records.key_extent`). So the number of strings to join is never guessed, and
a column, a TTL or a comment behind the key is never taken for a part of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bot.records.paste_escapes import drop_inner_joints, unescape, unescape_octal
from bot.records.pasted_record import read_record
from bot.records.pasted_strings import find_mark, read_strings

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.records.pasted_record import ReadRecord
    from bot.records.placed_text import PlacedText

_EQUALS = r"\s{0,9}(?:=|\\++(?:=|u003[dD]|x3[dD]|061|075))\s{0,9}"
_TAGS = rf"(?:[gknhst]{_EQUALS}[^;=\"'\n]{{0,60}};\s{{0,9}}){{0,6}}"
_BEFORE = r"(?:(?<![A-Za-z0-9.-])|(?<=\\[nrt]))"
_MENTION = r"[)\]\"'`.,:!?]"  # behind a version that is only spoken of
_VERSION = re.compile(rf"{_BEFORE}{_TAGS}v{_EQUALS}DKIM(?![0-9]{{0,2}}{_MENTION})", re.IGNORECASE)
_KEY = re.compile(rf"{_BEFORE}{_TAGS}p{_EQUALS}[A-Za-z0-9+/]{{16}}")
_KEY_TAG = re.compile(rf"(?<![A-Za-z0-9])p{_EQUALS}")
_NOTHING = re.compile(r"[\s(]*")
_NEAR = 24  # characters before a record in which its bracket is looked for
_COMMA = re.compile(",")
_TINYDNS = re.compile(
    r"^(?:'[^:\s]{1,255}:|:[^:\s]{1,255}:16:)([^:\n]*)(?::[0-9:a-z]*)?[ \t\r]*$", re.MULTILINE
)


class Spot(NamedTuple):
    """Where a record begins in a paste, and where the next one begins or the paste ends."""

    start: int
    limit: int


class Found(NamedTuple):
    """A record in a paste, and where its first and last character stand in what was typed."""

    text: str
    first: int
    last: int


class PastedForm(NamedTuple):
    """A form of a record: how it is called, who writes it, and the function that reads it.

    The function returns None where the record is in another form.
    """

    name: str
    source: str
    read: Callable[[PlacedText, Spot, str], ReadRecord | None]


def find_records(text: PlacedText, typed: str) -> list[Found]:
    """Return all records in a cleaned paste; raises InvalidKey where one of them is broken."""
    found = _find_tinydns(text, typed)
    for spot in _find_spots(text, found):
        # The last form takes everything.
        record = next(read for form in FORMS if (read := form.read(text, spot, typed)))
        found.append(Found(record.text, text.places[spot.start], record.last))
    return found


def read_quoted(text: PlacedText, spot: Spot, typed: str) -> ReadRecord | None:
    r"""Read quoted strings, however deep: `"…" "…"`, `\"…\" \"…\"`, `""…"" ""…""`."""
    mark = find_mark(text, spot.start)
    return None if mark is None else read_strings(text, spot.start, spot.limit, mark, typed)


def read_braces(text: PlacedText, spot: Spot, typed: str) -> ReadRecord | None:
    """Read a list such as `{v=DKIM1; k=rsa; p=MIIB…, …}`."""
    if not text.text[max(0, spot.start - _NEAR) : spot.start].rstrip().endswith("{"):
        return None
    end = text.text.find("}", spot.start, spot.limit)
    inner = text.cut(spot.start, spot.limit if end < 0 else end)
    return read_record(_mend(inner.sub(_COMMA, lambda _: " ")), typed, alone=True)


def read_line(text: PlacedText, spot: Spot, typed: str) -> ReadRecord | None:
    """Read a record without quote marks that has something before it, or another one behind it."""
    if spot.limit == len(text) and _NOTHING.fullmatch(text.text, 0, spot.start):
        return None
    return read_record(_mend(text.cut(*spot)), typed, alone=False)


def read_alone(text: PlacedText, spot: Spot, typed: str) -> ReadRecord:
    """Read a paste that is a record and nothing else."""
    return read_record(_mend(text.cut(*spot)), typed, alone=True)


FORMS = (
    PastedForm("quoted strings", "RFC 1035 section 5.1, JSON, YAML, HCL, CSV", read_quoted),
    PastedForm("list in braces", "Resolve-DnsName of PowerShell", read_braces),
    PastedForm("on a line", "zone files, YAML, tables, Discord's markdown", read_line),
    PastedForm("alone", "RFC 6376 section 3.6.1", read_alone),
)


def _mend(text: PlacedText) -> PlacedText:
    return unescape(drop_inner_joints(text))


def _find_spots(text: PlacedText, taken: list[Found]) -> list[Spot]:
    """Return where records begin: at their version, or at tags and a key that have none before."""
    source = text.text
    keys = [found.start() for found in _KEY_TAG.finditer(source)]
    starts: list[int] = []
    own_key = -1  # where the key of the version before is
    for found in sorted((*_VERSION.finditer(source), *_KEY.finditer(source)), key=_by_start):
        if found.re is _VERSION:
            own = bisect_left(keys, found.end())
            own_key = keys[own] if own < len(keys) else len(source)
        elif found.start() <= own_key or (starts and _goes_on(source, found.start())):
            continue
        if not is_taken(text.places[found.start()], taken):
            starts.append(found.start())
    return [Spot(*pair) for pair in pairwise([*starts, len(text)])]


def _by_start(found: re.Match[str]) -> int:
    return found.start()


def _goes_on(source: str, start: int) -> bool:
    """Whether the tags that begin here follow others."""
    while start and source[start - 1].isspace():
        start -= 1
    return source[start - 1 : start] == ";"


def is_taken(place: int, taken: list[Found]) -> bool:
    """Whether a character of what was typed belongs to a record that was found."""
    return any(found.first <= place <= found.last for found in taken)


def _find_tinydns(text: PlacedText, typed: str) -> list[Found]:
    r"""Return the records on lines such as `'dkim._domainkey.friend.example:v=DKIM1\073 …:3600`.

    In a generic line, of type 16, each string has an octet with its length before it.
    """
    found = []
    for line in _TINYDNS.finditer(text.text):
        value = unescape_octal(text.cut(*line.span(1)))
        if line[0].startswith(":"):
            value = _drop_lengths(value)
        start = _VERSION.search(value.text) or _KEY.search(value.text)
        if start is not None:
            record = read_record(value.cut(start.start()), typed, alone=True)
            places = text.places[line.start()], text.places[line.end() - 1]
            found.append(Found(record.text, *places))
    return found


def _drop_lengths(rdata: PlacedText) -> PlacedText:
    """Return the strings of a TXT record's data without their lengths (RFC 1035 section 3.3)."""
    parts = []
    at = 0
    while at < len(rdata):
        end = at + 1 + ord(rdata.text[at])
        parts.append(rdata.cut(at + 1, end))
        at = end
    return rdata.join(parts)
