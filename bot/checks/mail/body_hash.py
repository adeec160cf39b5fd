"""Hashes the body of a mail as a signature has it, in pieces (RFC 6376 section 3.4).

The library does it in one piece and takes the square of a run of blanks; a mail of 10 MB would hold
all threads. Here each step takes a few milliseconds, and all of them linear time.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PIECE: Final = 32_768  # octets that are worked on at once
_CRLF: Final = b"\r\n"
_CRLFS: Final = _CRLF * (_PIECE // 2)
_BLANKS = re.compile(rb" {2,}")


@dataclass(frozen=True, slots=True)
class BodyHashes:
    """The SHA-256 of a body in one canonical form.

    `whole` is of all `octets` of it, `parts` those of so many octets from its beginning; there is
    none for more than the body has.
    """

    octets: int
    whole: bytes
    parts: Mapping[int, bytes] = field(default_factory=dict)


def hash_body(
    raw: bytes, begin: int, canon: str, lengths: Iterable[int] = (), *, has_crlf: bool = True
) -> BodyHashes:
    """Return the hashes of what stands from octet `begin` on, in the form "simple" or "relaxed".

    `lengths` are those of `l=`. Where the lines of the mail end in LF alone, they are taken as they
    were when it was sent.
    """
    whole, octets = hashlib.sha256(), 0
    parts = {length: hashlib.sha256() for length in set(lengths)}
    pieces = _cut(raw, begin, has_crlf=has_crlf)
    if canon == "relaxed":
        pieces = _relax(pieces)
    for piece in _end_once(pieces, empty=b"" if canon == "relaxed" else _CRLF):
        whole.update(piece)
        for length, part in parts.items():
            if length > octets:
                part.update(piece[: length - octets])
        octets += len(piece)
    digests = {length: part.digest() for length, part in parts.items() if length <= octets}
    return BodyHashes(octets, whole.digest(), digests)


def _cut(raw: bytes, begin: int, *, has_crlf: bool) -> Iterator[bytes]:
    """Give the body in pieces, none of which ends between CR and LF."""
    for at in range(begin, len(raw), _PIECE):
        piece = raw[at : at + _PIECE]
        yield piece if has_crlf else piece.replace(b"\n", _CRLF)


def _relax(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same with runs of blanks as one, and none at the end of a line (section 3.4.4)."""
    held = b""
    for piece in pieces:
        data = held + piece
        line = data.removesuffix(b"\r")
        kept = line.rstrip(b" \t")
        held = (b" " if len(kept) < len(line) else b"") + data[len(line) :]
        if kept:
            yield _BLANKS.sub(b" ", kept.replace(b"\t", b" ")).replace(b" \r\n", _CRLF)
    if held.endswith(b"\r"):
        yield held


def _end_once(pieces: Iterable[bytes], *, empty: bytes) -> Iterator[bytes]:
    """Give the same without empty lines at its end, and with one line end there.

    `empty` is what a body without any text becomes (sections 3.4.3 and 3.4.4).
    """
    ends, held, has_text = 0, b"", False
    for piece in pieces:
        data = held + piece
        held = data[-1:] if data.endswith(b"\r") else b""
        data = data[: len(data) - len(held)]
        tail = data[len(data.rstrip(_CRLF)) :].replace(_CRLF, b"\0")
        count = len(tail) - len(tail.rstrip(b"\0"))
        text = data[: len(data) - 2 * count]
        if text:
            yield from _repeat_ends(ends)
            yield text
            ends, has_text = 0, True
        ends += count
    if held:
        yield from _repeat_ends(ends)
        yield held
        has_text = True
    yield _CRLF if has_text else empty


def _repeat_ends(count: int) -> Iterator[bytes]:
    for _ in range(count * 2 // len(_CRLFS)):
        yield _CRLFS
    yield _CRLFS[: count * 2 % len(_CRLFS)]
