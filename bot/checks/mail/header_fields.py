"""The header section of a mail, read within bounds; the body is left as it is (RFC 5322)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OCTETS: Final = 65_536  # of a header section; those of real mails have some 10,000
MOST_FIELDS: Final = 500
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,100})([ \t]{0,20}):")  # blanks: section 4.5.8
_LINE = re.compile(rb"\r?\n")
_WITHIN_LINES = re.compile(rb"[\x00\r]")  # by which programs disagree on where a line ends


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One field: its name as written, and its value with its line ends, the last one included."""

    name: bytes
    value: bytes
    has_blank: bool = False  # between the name and the colon, which is obsolete syntax

    @property
    def key(self) -> str:
        """The name in lower case."""
        return self.name.decode("ascii").lower()

    @property
    def text(self) -> str:
        """The value on one line; what is no UTF-8 becomes U+FFFD (RFC 6532 section 3.2)."""
        return " ".join(self.value.decode("utf-8", "replace").split())


@dataclass(frozen=True, slots=True)
class MailHeader:
    """The fields from the top, and the octet at which the body begins.

    `fault` says why nobody can be sure of them: "size" or "fields" (more than is read), "line" (a
    line that is no field), "character" (one by which lines could be taken for others). The fields
    read until then are there. `has_crlf`: its lines end as mail has it, and not in LF alone.
    """

    fields: tuple[HeaderField, ...]
    body_at: int
    fault: str = ""
    has_crlf: bool = True

    def all(self, key: str) -> Iterator[HeaderField]:
        """Give the fields of a name (in lower case), from the top."""
        return (field for field in self.fields if field.key == key)


def read_header(raw: bytes) -> MailHeader:
    """Return the header section of a mail; nothing that a mail may hold raises.

    It takes time in proportion to the header alone, 64 KiB at most.
    """
    window = raw[: MOST_OCTETS + 4]
    starts: list[tuple[bytes, int, int, bool]] = []  # name, where the value begins and ends
    fault, at, has_crlf = "", 0, None
    while at < len(raw):
        end = _LINE.search(window, at)
        if end is None and len(raw) > len(window):
            return MailHeader(_cut(window, starts), at, "size", has_crlf is not False)
        stop = end.end() if end else len(window)
        if end is not None and has_crlf is None:
            has_crlf = end.group() == b"\r\n"
        line = window[at : end.start() if end else stop]
        if not line:
            at = stop
            break
        if line[:1] in b" \t" and starts:
            starts[-1] = (*starts[-1][:2], stop, starts[-1][3])
        elif (found := _FIELD.match(line)) is not None:
            if len(starts) == MOST_FIELDS:
                return MailHeader(_cut(window, starts), at, "fields", has_crlf is not False)
            starts.append((found[1], at + found.end(), stop, bool(found[2])))
        elif at or not line.startswith(b"From "):  # the first line of an mbox is no field
            fault = fault or "line"
        if _WITHIN_LINES.search(line):
            fault = fault or "character"
        at = stop
    return MailHeader(_cut(window, starts), at, fault, has_crlf is not False)


def _cut(window: bytes, starts: list[tuple[bytes, int, int, bool]]) -> tuple[HeaderField, ...]:
    return tuple(
        HeaderField(name, window[begin:end], has_blank) for name, begin, end, has_blank in starts
    )
