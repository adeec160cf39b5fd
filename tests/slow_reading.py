"""Replies as dnspython's own readers of names and records read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.wire
from dns.rdataclass import IN
from dns.rdatatype import NS, OPT, SOA, TSIG, RdataType

from bot.dns.owner_name import name_of
from bot.dns.sections import MAX_ERRORS

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.dns.answer import Question
    from bot.dns.sections import Record

_HEADER = 12
_EDE = 15


class SpelledRecord(NamedTuple):
    """A record whose data is compared as it is spelled, which dnspython's `==` does not.

    Its owner is in lower case: a pointer to the question leads to what we asked.
    """

    owner: tuple[bytes, ...]
    kind: type[dns.rdata.Rdata]
    fields: dict[str, object]
    ttl: int

    @property
    def rdtype(self) -> object:
        return self.fields["rdtype"]


class Reading(NamedTuple):
    """What a sound message holds."""

    answer: list[SpelledRecord]
    denials: list[tuple[tuple[bytes, ...], int]]  # owner, and the TTL of RFC 2308 section 5
    servers: list[SpelledRecord]
    rcode: int
    errors: list[int]  # extended ones


def fields_of(rdata: dns.rdata.Rdata) -> dict[str, object]:
    """Return all that a record holds; names as they are spelled."""
    slots = [slot for kind in type(rdata).__mro__ for slot in getattr(kind, "__slots__", ())]
    values = {slot: getattr(rdata, slot) for slot in slots}
    return {k: v.labels if isinstance(v, dns.name.Name) else v for k, v in values.items()}


def owner_labels(name: dns.name.Name) -> tuple[bytes, ...]:
    """Return the labels of an owner, which is compared without case (RFC 4343)."""
    return tuple(label.lower() for label in name.labels)


def spell(record: Record) -> SpelledRecord:
    """Return a record of the fast reading, to compare with those of the slow one."""
    return SpelledRecord(
        owner_labels(name_of(record.owner)), type(record.rdata), fields_of(record.rdata), record.ttl
    )


def read_slowly(question: Question, data: bytes) -> Reading | None:
    """Return what a reply to the question holds, None where it is malformed."""
    try:
        return _read_sections(question, data)
    except dns.exception.DNSException:
        return None


def _read_sections(question: Question, data: bytes) -> Reading:
    parser = dns.wire.Parser(data, _HEADER + len(question.owner) + 4 if data[5] else _HEADER)
    answers, authorities, additional = (data[at] << 8 | data[at + 1] for at in (6, 8, 10))
    is_told = data[2] & 0x04 or data[3] & 0x80
    answer = [_read_record(parser, range(1 << 16)) for _ in range(answers)]
    authority = [_read_record(parser, {SOA} if is_told else {SOA, NS}) for _ in range(authorities)]
    rcode, errors, options = data[3] & 0x0F, [], 0
    for _ in range(additional):
        owner, rdtype, _, ttl, size = _read_frame(parser)
        inner = dns.wire.Parser(parser.get_bytes(size))
        if rdtype == OPT:
            options += 1
            if options > 1 or owner != dns.name.root:
                raise dns.exception.FormError
            rcode |= ttl >> 20 & 0xFF0
            while inner.remaining():
                code, size = inner.get_struct("!HH")
                value = inner.get_bytes(size)
                errors += [dns.wire.Parser(value).get_uint16()] if code == _EDE else []
    if parser.remaining():
        raise dns.exception.FormError
    beside = [record for record in authority if record]
    return Reading(
        [record for record in answer if record],
        [_deny(record) for record in beside if record.rdtype == SOA],
        [record for record in beside if record.rdtype == NS],
        rcode,
        errors[:MAX_ERRORS],
    )


def _deny(soa: SpelledRecord) -> tuple[tuple[bytes, ...], int]:
    minimum = soa.fields["minimum"]
    assert isinstance(minimum, int)
    return soa.owner, min(soa.ttl, minimum)


def _read_record(parser: dns.wire.Parser, of_use: Collection[int]) -> SpelledRecord | None:
    owner, rdtype, rdclass, ttl, size = _read_frame(parser)
    if rdtype in {OPT, TSIG}:
        raise dns.exception.FormError
    if rdtype not in of_use:
        parser.get_bytes(size)
        return None
    with parser.restrict_to(size):
        rdata = dns.rdata.from_wire_parser(IN, RdataType(rdtype), parser)
    if rdclass != IN:
        return None
    # RFC 2181 section 8
    ttl = ttl if ttl < 1 << 31 else 0
    return SpelledRecord(owner_labels(owner), type(rdata), fields_of(rdata), ttl)


def _read_frame(parser: dns.wire.Parser) -> tuple[dns.name.Name, int, int, int, int]:
    return dns.name.from_wire_parser(parser), *parser.get_struct("!HHIH")
