"""DNS questions read from the wire and replies written to it, fast enough to be an authority.

The parser reads no more than a server needs of a query; the sections are written by dnspython.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import dns.flags
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from bot.dns.answer import Question

if TYPE_CHECKING:
    from bot.demo.zones import ZoneReply

HEADER = struct.Struct("!HHHHHH")  # id, flags, four counts (RFC 1035 section 4.1.1)
OPT = struct.Struct("!BHHIH")  # root, type, payload size, flags, rdata length (RFC 6891 6.1.2)
PLAIN_SIZE = 512  # octets of a UDP reply to who sent no EDNS (RFC 1035 section 4.2.1)
LARGEST_SIZE = 4096  # octets of a UDP reply to whoever asks for more
OWN_SIZE = 1232  # octets of a UDP query that we say we take
DO_FLAG = 0x8000  # echoed (RFC 3225 section 3)
EXTENDED_ERROR = 15  # the option's number (RFC 8914 section 2)


@dataclass(frozen=True, slots=True)
class ReceivedQuery:
    """One question as it came: `asked` is its wire form, case kept, which the reply repeats."""

    id: int
    flags: int
    asked: bytes
    edns: bool = False
    size: int = PLAIN_SIZE  # octets that a UDP reply may have
    wants_dnssec: bool = False

    @property
    def key(self) -> bytes:
        """The question without the case of its name, for tables."""
        # Only letters of a name change: a label's length is at most 63, below "A", and the type
        # and class are left alone.
        return self.asked[:-4].lower() + self.asked[-4:]

    @property
    def rdclass(self) -> int:
        """The class asked for."""
        return int.from_bytes(self.asked[-2:])


@dataclass(frozen=True, slots=True)
class ReplyBody:
    """A reply in wire form without what differs from query to query; fits one question only."""

    rcode: int
    answers: int
    authorities: int
    sections: bytes
    option: bytes = b""


def read_query(wire: bytes) -> ReceivedQuery | dns.rcode.Rcode | None:
    """Return the query in a message, the error to reply with, or None for what needs no reply."""
    if len(wire) < HEADER.size:
        return None
    ident, flags, questions, answers, authorities, additionals = HEADER.unpack_from(wire)
    if flags & dns.flags.QR:
        return None  # a reply to a reply could go round for ever
    if dns.opcode.from_flags(flags) != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    end = _end_of_question(wire)
    if end is None or (questions, answers, authorities) != (1, 0, 0):
        return dns.rcode.FORMERR
    asked = wire[HEADER.size : end]
    if additionals and len(wire) >= end + OPT.size:
        root, rdtype, size, edns_flags, _ = OPT.unpack_from(wire, end)
        if root == 0 and rdtype == dns.rdatatype.OPT:
            size = min(max(size, PLAIN_SIZE), LARGEST_SIZE)
            return ReceivedQuery(ident, flags, asked, True, size, bool(edns_flags & DO_FLAG))
    return ReceivedQuery(ident, flags, asked)


def read_question(key: bytes) -> Question:
    """Return the question that a query's key stands for."""
    labels = []
    position = 0
    while position < len(key) - 4:
        length = key[position]
        labels.append(key[position + 1 : position + 1 + length])
        position += 1 + length
    rdtype = dns.rdatatype.RdataType.make(int.from_bytes(key[-4:-2]))
    return Question.of(dns.name.Name(labels), rdtype)


def write_body(key: bytes, reply: ZoneReply) -> ReplyBody:
    """Return a look-up's reply in wire form, names compressed."""
    buffer = BytesIO()
    buffer.write(bytes(HEADER.size))
    compress: dict[dns.name.Name, int] = {}
    read_question(key).name.to_wire(buffer, compress)
    buffer.write(key[-4:])
    start = buffer.tell()
    answers, authorities = (
        sum(
            records.rdataset.to_wire(records.owner, buffer, compress, want_shuffle=False)
            for records in section
        )
        for section in (reply.answer, reply.authority)
    )
    option = b""
    if reply.extended is not None:
        text = reply.extended.text.encode()
        option = struct.pack("!HHH", EXTENDED_ERROR, 2 + len(text), reply.extended.code) + text
    return ReplyBody(reply.rcode, answers, authorities, buffer.getvalue()[start:], option)


def write_reply(query: ReceivedQuery, body: ReplyBody, *, udp: bool, role: int) -> bytes:
    """Return the message for one query; over UDP cut to nothing, with TC, where it is too long.

    `role` are the flags that say what the server is: AA, RA or both.
    """
    flags = dns.flags.QR | role | query.flags & dns.flags.RD | body.rcode
    edns = b""
    if query.edns:
        edns_flags = DO_FLAG if query.wants_dnssec else 0
        edns = OPT.pack(0, dns.rdatatype.OPT, OWN_SIZE, edns_flags, len(body.option))
        edns += body.option
    answers, authorities, sections = body.answers, body.authorities, body.sections
    if udp and HEADER.size + len(query.asked) + len(sections) + len(edns) > query.size:
        flags |= dns.flags.TC
        answers, authorities, sections = 0, 0, b""
    head = HEADER.pack(query.id, flags, 1, answers, authorities, 1 if edns else 0)
    return head + query.asked + sections + edns


def write_error(wire: bytes, rcode: int) -> bytes:
    """Return the message that refuses what could not be read: a header alone."""
    ident, flags, *_ = HEADER.unpack_from(wire)
    kept = flags & (dns.flags.RD | 0x7800)  # the opcode comes back (RFC 1035 section 4.1.1)
    return HEADER.pack(ident, dns.flags.QR | kept | rcode, 0, 0, 0, 0)


def _end_of_question(wire: bytes) -> int | None:
    """Return where the question ends, or None where the message holds no whole one."""
    position = HEADER.size
    while position < len(wire):
        length = wire[position]
        position += 1
        if length == 0:
            whole = position - HEADER.size <= 255 and position + 4 <= len(wire)
            return position + 4 if whole else None
        if length > 63:
            return None  # nothing to point back to (RFC 1035 section 4.1.4)
        position += length
    return None
