"""One Received field, in the forms in which mail software writes it (RFC 5321 section 4.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from bot.checks.mail.structured_text import split_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST: Final = 4000  # characters of one field that is read
_LONGEST_NAME: Final = 255
_CLAUSES: Final = frozenset({"from", "by", "via", "with", "id", "for"})
# RFC 3848, RFC 6531 section 4.3, and what hands a mail on within one mail system.
_PROTOCOL = re.compile(r"[A-Z0-9]{0,8}[SL]MTP[AS]{0,2}|HTTPS?|MAPI|LOCAL")
_BRACKETS = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]", re.IGNORECASE)
_LOOKED_UP = re.compile(r"(?:(?:HELO|EHLO) \S+ )?([A-Za-z0-9._-]{1,255}) \[", re.IGNORECASE)
_HELO = re.compile(r"\b(?:HELO|EHLO)[= ]\[?([A-Za-z0-9._:-]{1,255})", re.IGNORECASE)
_ENVELOPE = re.compile(r"envelope-(?:from|sender) (<[^<>]{0,320}>|[^\s<>]{1,320})", re.IGNORECASE)
_TLS = re.compile(r"\b(TLS|SSL)[vV_]?([123])(?:[._]([0-3]))?(?![0-9])")


@dataclass(frozen=True, slots=True)
class ReceivedField:
    """One hop; texts in it are what a server wrote, and names that the other side gave.

    `name` is the word after "from". `looked_up` is the name that the writer found for the address
    ("unknown" or empty for none), None where it may be the one that the other side gave. `tls` is
    the version as OpenSSL calls it: "TLSv1.3". `protocol` is in capitals.
    """

    by: str
    by_address: str = ""
    name: str = ""
    address: str = ""
    helo: str = ""
    looked_up: str | None = None
    protocol: str = ""
    tls: str = ""
    envelope: str = ""  # the sender in its envelope, in its angle brackets; empty where not said


@dataclass(slots=True)
class _Clause:
    """What stands after one keyword: words, and comments."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def read_received(value: str) -> ReceivedField | None:
    """Return what a Received field says; None where it names no host that wrote it.

    `value` is on one line. Postfix, Exim, Sendmail, qmail, Gmail, Microsoft and Yahoo each write
    the address, the name found for it and the version of TLS in a way of their own.
    """
    clauses = _split_clauses(value)
    if clauses is None or not clauses["by"].words:
        return None
    origin, writer, way = clauses["from"], clauses["by"], clauses["with"]
    name = origin.words[0][:_LONGEST_NAME] if origin.words else ""
    protocol = way.words[0].upper() if way.words else ""
    return ReceivedField(
        by=writer.words[0][:_LONGEST_NAME],
        by_address=_find_address(writer.words[0], writer.comments),
        name=name,
        address=_find_address(name, origin.comments),
        helo=_find_helo(name, origin.comments),
        looked_up=_find_looked_up(name, origin.comments),
        protocol=protocol if _PROTOCOL.fullmatch(protocol) else "",
        tls=_find_tls(clauses),
        envelope=_find_envelope(clauses),
    )


def _split_clauses(value: str) -> dict[str, _Clause] | None:
    pieces = split_pieces(value) if len(value) <= _LONGEST else None
    if pieces is None:
        return None
    clauses = {name: _Clause() for name in ("", *_CLAUSES)}
    current, seen = clauses[""], set[str]()
    for piece in pieces:
        if piece.kind == "comment":
            current.comments.append(piece.text.strip())
            continue
        text, _, date = piece.text.partition(";")
        for word in text.split():
            key = word.lower()
            if key in _CLAUSES and key not in seen:
                seen.add(key)
                current = clauses[key]
            else:
                current.words.append(word)
        if date:
            break
    return clauses


def _find_address(word: str, comments: list[str]) -> str:
    """Return the address in brackets, or standing alone, in its usual form; empty for none."""
    for text in (*comments, word):
        if (found := _BRACKETS.search(text)) and (address := _spell_address(found[1])):
            return address
    # qmail writes what the other side says of itself in front of the address: "(user@192.0.2.1)".
    alone = (text.rpartition("@")[2] for text in (*comments, word))
    return next((address for text in alone if (address := _spell_address(text))), "")


def _spell_address(text: str) -> str:
    try:
        address = ip_address(text.strip().strip("[]"))
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _find_helo(name: str, comments: list[str]) -> str:
    said = next((found[1] for text in comments if (found := _HELO.search(text))), name)
    return said.strip("[]")


def _find_looked_up(name: str, comments: list[str]) -> str | None:
    for text in comments:
        if found := _LOOKED_UP.match(text):
            return found[1].rstrip(".")
    return "" if name.startswith("[") else None  # Exim, which found none


def _find_tls(clauses: dict[str, _Clause]) -> str:
    said = [text for text in clauses["from"].comments if text.lower().startswith("using ")]
    for key in ("by", "with", "id", "for", "via"):
        said += [*clauses[key].comments, " ".join(clauses[key].words)]
    for text in said:
        if found := _TLS.search(text):
            family, major, minor = found.groups()
            return f"{family}v{major}" + (f".{minor}" if minor else "")
    return ""


def _find_envelope(clauses: dict[str, _Clause]) -> str:
    found = (_ENVELOPE.search(text) for text in _all_texts(clauses))
    return next((match[1] for match in found if match), "")


def _all_texts(clauses: dict[str, _Clause]) -> Iterator[str]:
    for clause in clauses.values():
        yield from clause.comments
        yield " ".join(clause.words)
