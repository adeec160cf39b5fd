"""Reads the sections of a reply: the answer's records, what denies them, extended errors."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.wire
from dns.rdatatype import NS, OPT, SOA, TSIG, RdataType

from bot.dns.answer import ExtendedError
from bot.dns.owner_name import ROOT, Owner
from bot.dns.record_reader import read_minimum, read_name, read_rdata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_ERRORS: Final = 16  # extended ones that are kept of a reply; servers give one, or a few
MAX_REASON: Final = 200  # characters kept of an extended error's text

# Owner, type, class and TTL of a record, and where in the message its data begins and ends.
Frame: TypeAlias = tuple[bytes, int, int, int, int, int]

_POINTER_TO_QUESTION = b"\xc0\x0c"
_FRAME = struct.Struct("!HHIH")  # type, class, TTL, octets of the data
_IN = dns.rdataclass.IN
_ADDITIONAL = frozenset({OPT, TSIG})  # they live in the additional section alone
_EDE = 15  # the option's number (RFC 8914 section 2)
_MOST_SECONDS = 0x7FFFFFFF  # a TTL with the highest bit set is zero (RFC 2181 section 8)


class Record(NamedTuple):
    """One resource record of class IN; its owner is in the case that the server gave it."""

    owner: bytes
    rdata: dns.rdata.Rdata
    ttl: int

    def is_of(self, owner: Owner, rdtype: RdataType) -> bool:
        """Whether it is a record of this owner and type."""
        return self.rdata.rdtype == rdtype and self.owner.lower() == owner


class Denial(NamedTuple):
    """An SOA record beside an answer: its owner, and for how many seconds it denies records."""

    zone: bytes
    ttl: int  # the smaller of TTL and minimum (RFC 2308 section 5)


def read_frames(data: bytes, at: int, count: int, asked: Owner | None) -> Iterator[Frame]:
    """Yield the frames of so many records; raises FormError, also where anything follows them."""
    whole = len(data)
    for _ in range(count):
        if data[at : at + 2] == _POINTER_TO_QUESTION and asked is not None:
            owner = asked  # nearly every owner: not worth reading the name again
            at += 2
        elif data[at : at + 1] == ROOT:
            owner = ROOT  # that of the OPT record
            at += 1
        else:
            owner, at = read_name(data, at, whole)
        start = at + _FRAME.size
        if start > whole:
            raise dns.exception.FormError
        rdtype, rdclass, ttl, size = _FRAME.unpack_from(data, at)
        at = start + size
        if at > whole:
            raise dns.exception.FormError
        yield owner, rdtype, rdclass, ttl, start, at
    if at != whole:
        raise dns.exception.FormError


def read_records(data: bytes, frames: Iterable[Frame]) -> tuple[Record, ...]:
    """Return the records of class IN.

    Those of another class answer nothing that we ask, and have to be sound as if they were of ours:
    dnspython would look for a module for each class and type, remember what it has not found, and
    take what it has for class ANY to be that of all classes.
    """
    records = []
    for owner, rdtype, rdclass, ttl, start, end in frames:
        if rdtype in _ADDITIONAL:
            raise dns.exception.FormError
        record = Record(
            owner, read_rdata(rdtype, data, start, end), ttl if ttl <= _MOST_SECONDS else 0
        )
        if rdclass == _IN:
            records.append(record)
    return tuple(records)


def read_authority(
    data: bytes, frames: Iterable[Frame], is_told: bool
) -> tuple[tuple[Denial, ...], tuple[Record, ...]]:
    """Return what denies records and, for who finds out nothing itself, whom it refers to."""
    denials = []
    referrals = []
    for frame in frames:
        owner, rdtype, rdclass, ttl, start, end = frame
        if rdtype == SOA:
            minimum = read_minimum(data, start, end)
            if rdclass == _IN:
                denials.append(Denial(owner, min(ttl, minimum) if ttl <= _MOST_SECONDS else 0))
        elif rdtype in _ADDITIONAL:
            raise dns.exception.FormError
        elif rdtype == NS and not is_told:
            referrals.append(frame)
    return tuple(denials), read_records(data, referrals)


def read_options(data: bytes, frames: Iterable[Frame]) -> tuple[tuple[ExtendedError, ...], int]:
    """Return what the OPT record holds, and its part of the rcode; nothing else is of use here."""
    found: tuple[tuple[ExtendedError, ...], int] | None = None
    for owner, rdtype, _, flags, start, end in frames:
        if rdtype == OPT:
            if found is not None or owner != ROOT:
                raise dns.exception.FormError
            errors = _read_extended_errors(data[start:end]) if start < end else ()
            found = errors, flags >> 20 & 0xFF0
    return found or ((), 0)


def _read_extended_errors(options: bytes) -> tuple[ExtendedError, ...]:
    parser = dns.wire.Parser(options)
    found: list[ExtendedError] = []
    while parser.remaining():
        code, size = parser.get_struct("!HH")
        value = parser.get_bytes(size)
        if code == _EDE:
            if size < 2:
                raise dns.exception.FormError
            if len(found) == MAX_ERRORS:
                continue
            text = value[2 : 2 + 4 * MAX_REASON].decode("utf-8", "replace").rstrip("\0")
            found.append(ExtendedError(int.from_bytes(value[:2], "big"), text[:MAX_REASON]))
    return tuple(found)
