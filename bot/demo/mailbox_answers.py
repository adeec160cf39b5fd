"""What the demo's mailbox finds and says of its mails (RFC 3501 section 6.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DELETED: Final = "\\Deleted"
WORD: Final = re.compile(r'\(|\)|"(?:[^"\\]|\\.)*"|[^\s()]+')


@dataclass
class StoredMail:
    """One mail of a folder."""

    uid: int
    raw: bytes
    at: datetime
    flags: set[str] = field(default_factory=set)


class MailSearch:
    """The criteria of a search, as far as they are used (RFC 3501 section 6.4.4)."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def fits(self, mail: StoredMail) -> bool:
        """Whether a mail is one of those."""
        words = iter(self._words)
        return all(list(self._all_of(words, mail)))

    def _all_of(self, words: Iterator[str], mail: StoredMail) -> Iterator[bool]:
        for word in words:
            if word == ")":
                return
            yield self._one(word, words, mail)

    def _one(self, word: str, words: Iterator[str], mail: StoredMail) -> bool:
        match word.upper():
            case "ALL":
                return True
            case "DELETED":
                return DELETED in mail.flags
            case "UID":
                lowest, _, highest = next(words).partition(":")
                return int(lowest) <= mail.uid and (highest == "*" or mail.uid <= int(highest))
            case "SINCE":
                day = datetime.strptime(unquote(next(words)), "%d-%b-%Y").replace(tzinfo=UTC)
                return mail.at >= day
            case "SUBJECT":
                return _has(mail.raw, "Subject", unquote(next(words)))
            case "HEADER":
                name = unquote(next(words))
                return _has(mail.raw, name, unquote(next(words)))
            case "OR":
                first = self._one(next(words), words, mail)
                return self._one(next(words), words, mail) or first
            case "(":
                return all(list(self._all_of(words, mail)))
            case _:
                raise NotImplementedError(f"no such criterion: {word}")


def _head(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def _unfolded(raw: bytes) -> list[bytes]:
    return re.sub(rb"\r\n(?=[ \t])", b"\0", _head(raw)).split(b"\r\n")


def pick_fields(raw: bytes, names: list[str]) -> bytes:
    """Return the header lines of these names, and an empty one."""
    wanted = {name.lower().encode() for name in names}
    lines = [ln for ln in _unfolded(raw) if ln.partition(b":")[0].strip().lower() in wanted]
    return b"".join(line.replace(b"\0", b"\r\n") + b"\r\n" for line in lines) + b"\r\n"


def _has(raw: bytes, name: str, text: str) -> bool:
    found = pick_fields(raw, [name])
    return b":" in found and text.lower().encode() in found.lower()


def literal(name: str, octets: bytes) -> bytes:
    """Return octets with their number before them."""
    return f"{name} {{{len(octets)}}}\r\n".encode() + octets


def chosen(mails: list[StoredMail], numbers: str) -> list[StoredMail]:
    """Return the mails of a set of numbers, such as `1,3:5`."""
    wanted: set[int] = set()
    for part in numbers.split(","):
        first, _, last = part.partition(":")
        wanted |= set(range(int(first), int(last or first) + 1))
    return [mail for mail in mails if mail.uid in wanted]


def unquote(word: str) -> str:
    """Return a word without the quote marks around it."""
    if word.startswith('"'):
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    return word
