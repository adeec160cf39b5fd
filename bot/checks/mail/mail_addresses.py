"""The addresses in From and in Return-Path, read strictly (RFC 5322 section 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.checks.mail.structured_text import Piece, split_pieces
from bot.errors import InvalidName
from bot.names import Domain

MOST_ADDRESSES: Final = 50  # of one field
LONGEST_VALUE: Final = 8192  # characters of a field that is read
_LONGEST_ADDRESS: Final = 320  # characters: 64 and 255 octets and the sign between
_MARKS = re.compile(r"[<>,;:]")
_LOCAL = re.compile(r"[^\s<>,;:@\"()\[\]\\]+")
# What names a domain; not what a link, a list of names or an address in brackets does.
_DOMAIN = re.compile(r"[^\s<>,;:@\"()\[\]\\/?#%*_]{1,255}")


@dataclass(frozen=True, slots=True)
class ReadAddress:
    """One address: as it stands, and its domain; None for one that no domain can be."""

    text: str
    domain: Domain | None


def read_mailboxes(value: str) -> tuple[ReadAddress, ...] | None:
    """Return the addresses of a From field, of groups too; None where it cannot be read for sure.

    A display name that is not in quotes and holds an `@` is such a case: readers disagree on it.
    """
    pieces = split_pieces(value) if len(value) <= LONGEST_VALUE else None
    if pieces is None:
        return None
    boxes = _split_mailboxes(pieces)
    if not boxes or len(boxes) > MOST_ADDRESSES:
        return None
    found = tuple(_read_mailbox(words) for words in boxes)
    return tuple(address for address in found if address) if all(found) else None


def read_path(value: str) -> ReadAddress | None:
    """Return the address in a reverse-path (RFC 5321 section 4.1.2): "" for `<>`; None for none."""
    inner = value.strip()
    if inner.startswith("<") and inner.endswith(">"):
        inner = inner[1:-1].strip()
    if not inner:
        return ReadAddress("", None)
    if len(inner) > _LONGEST_ADDRESS or any(mark in inner for mark in "<>"):
        return None
    return ReadAddress(inner, read_domain(inner.rpartition("@")[2]))


def read_domain(text: str) -> Domain | None:
    """Return the domain that a text names, such as a `d=`; None where it is none."""
    if not _DOMAIN.fullmatch(text):
        return None
    try:
        return Domain.parse(text).domain
    except InvalidName:
        return None


def _split_mailboxes(pieces: list[Piece]) -> list[list[str]] | None:
    """Return the words of each mailbox, quoted ones with a mark in front; None for a bad list."""
    mailboxes: list[list[str]] = [[]]
    in_brackets = in_group = False
    for piece in pieces:
        if piece.kind == "comment":
            continue
        if piece.kind == "quoted":
            mailboxes[-1].append(f'"{piece.text}')
            continue
        at = 0
        for found in (*_MARKS.finditer(piece.text), None):
            stop = len(piece.text) if found is None else found.start()
            if stop > at:
                mailboxes[-1].append(piece.text[at:stop])
            if found is None:
                break
            at, mark = found.end(), found.group()
            if mark in "<>":
                if in_brackets is (mark == "<"):
                    return None
                in_brackets = mark == "<"
                mailboxes[-1].append(mark)
            elif in_brackets:
                return None
            elif mark == ":":  # the name of a group, which is no address
                if in_group:
                    return None
                in_group, mailboxes[-1] = True, []
            elif mark == ";" and not in_group:
                return None
            else:
                in_group = in_group and mark != ";"
                mailboxes.append([])
    if in_brackets or in_group:
        return None
    return [words for box in mailboxes if (words := [w for w in box if w.strip()])]


def _read_mailbox(words: list[str]) -> ReadAddress | None:
    if "<" not in words:
        return _read_address(words)
    begin = words.index("<")
    name, rest = words[:begin], words[begin + 1 :]
    if rest[-1:] != [">"] or ">" in rest[:-1] or "<" in rest:
        return None  # something stands behind the address
    if any("@" in word for word in name if not word.startswith('"')):
        return None
    return _read_address(rest[:-1])


def _read_address(words: list[str]) -> ReadAddress | None:
    """Return the address that words make up: `local@domain`, or a quoted local part before it."""
    if len(words) == 2 and words[0].startswith('"') and words[1].startswith("@"):
        local, host = words[0][1:], words[1][1:].strip()
        shown = f'"{local}"@{host}'
    elif len(words) == 1 and not words[0].startswith('"'):
        shown = words[0].strip()
        local, at, host = shown.rpartition("@")
        if not at or not _LOCAL.fullmatch(local):
            return None
    else:
        return None
    if len(shown) > _LONGEST_ADDRESS:
        return None
    return ReadAddress(shown, read_domain(host))
