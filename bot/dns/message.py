"""DNS messages in wire form: a question as bytes, and a reply as records.

Names and records are read by dnspython. Its Message is left out: it builds sets and indexes that
nobody here looks at, and costs two to three times as much as all the rest of a question.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import dns.exception
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

from bot.dns.answer import MOST_RECORDS, ExtendedError, Question
from bot.dns.owner_name import ROOT, Owner
from bot.dns.record_reader import read_name, read_rdata

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOAD = 1232  # octets of UDP that pass everywhere unfragmented (DNS flag day 2020)
MAX_RECORDS = 2 * MOST_RECORDS  # in a message, all sections together; more are only counted
MAX_REASON = 200  # characters kept of an extended error's text

_HEADER = 12  # octets
_SMALLEST_RECORD = 11  # octets: the root as owner, no data
_AUTHENTIC_DATA = 0x0020  # for the validation state without DNSSEC data (RFC 6840 section 5.7)
_CHECKING_DISABLED = 0x0010  # nobody shall look at the signatures (RFC 4035 section 3.2.2)
_RECURSION_AVAILABLE = 0x0080
_RECURSION_DESIRED = 0x0100
_TRUNCATED = 0x0200
_AUTHORITATIVE = 0x0400
# The root as owner, type OPT, our payload as class, the flags, no options (RFC 6891 section 6.1.2).
_OPT_TYPE = dns.rdatatype.OPT
_OPT = struct.pack("!BHHIH", 0, dns.rdatatype.OPT, PAYLOAD, 0, 0)
_OPT_SIGNED = struct.pack("!BHHIH", 0, dns.rdatatype.OPT, PAYLOAD, 0x8000, 0)  # DO: RFC 3225
_EDE = 15  # the option's number (RFC 8914 section 2)
_POINTER_TO_QUESTION = b"\xc0\x0c"
_IN = dns.rdataclass.IN
_NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})
_BARE_ERRORS = frozenset(
    {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}
)
_COUNTS = struct.Struct("!HHH")  # of the records in each section
_HEAD = struct.Struct("!HHIH")  # of a record: type, class, TTL, octets of its data
_ADDITIONAL = frozenset({dns.rdatatype.OPT, dns.rdatatype.TSIG})
_DENIALS = frozenset({dns.rdatatype.SOA})
_REFERRALS = frozenset({dns.rdatatype.SOA, dns.rdatatype.NS})


class Query:
    """One question in wire form, and the test whether a reply repeats it.

    `recurse` asks the server to find the answer; one that is asked what it holds itself is not.
    `unchecked` asks a validating resolver for what it found without checking the signatures, and
    `signed` asks for the signatures themselves.
    """

    __slots__ = ("_end", "_flags", "_name", "_opt", "_section", "_tail", "question")

    def __init__(
        self,
        question: Question,
        *,
        recurse: bool = True,
        unchecked: bool = False,
        signed: bool = False,
    ) -> None:
        name = question.owner
        self.question = question
        self._tail = struct.pack("!HH", question.rdtype, _IN)
        self._section = name + self._tail
        self._name = name
        self._end = _HEADER + len(name)
        self._flags = _AUTHENTIC_DATA | (_RECURSION_DESIRED if recurse else 0)
        if unchecked:
            self._flags |= _CHECKING_DISABLED
        self._opt = _OPT_SIGNED if signed else _OPT

    def message(self, message_id: int, *, edns: bool = True) -> bytes:
        """Return the message to send under this id."""
        header = struct.pack("!HHHHHH", message_id, self._flags, 1, 0, 0, 1 if edns else 0)
        return header + self._section + (self._opt if edns else b"")

    def is_answered_by(self, data: bytes) -> bool:
        """Return whether these bytes are a reply to this very question.

        That is QR set, opcode QUERY, and one question: this name without regard to case, this
        type, class IN (RFC 5452 section 9.1). The id and the socket are the transport's matter.
        Only a server that could not read the question leaves it out, and then says nothing else.
        """
        end = self._end
        return (
            len(data) >= end + 4
            and data[2] & 0xF8 == 0x80
            and data[4:6] == b"\x00\x01"
            and data[end : end + 4] == self._tail
            and data[_HEADER:end].lower() == self._name  # no length octet is a letter
        ) or _is_bare_error(data)

    def read(self, data: bytes) -> Reply | None:
        """Return the reply that the bytes hold, None where they are malformed.

        They must have passed `is_answered_by`. A truncated reply is not looked into: what is left
        of it may end anywhere.
        """
        flags, rcode = data[2] << 8 | data[3], data[3] & 0x0F
        if flags & _TRUNCATED:
            return Reply(flags, rcode)
        try:
            return self._read_sections(data, flags, rcode)
        except dns.exception.DNSException:
            return None

    def read_whole(self, message_id: int, data: bytes) -> Reply | None:
        """Return the reply to this question under this id; None for another, or a part of one."""
        if int.from_bytes(data[:2], "big") != message_id or not self.is_answered_by(data):
            return None
        reply = self.read(data)
        return None if reply is None or reply.truncated else reply

    def _read_sections(self, data: bytes, flags: int, rcode: int) -> Reply:
        answers, authorities, additional = _COUNTS.unpack_from(data, 6)
        count = answers + authorities + additional
        # Without a question (a bare error), there is nothing that a pointer could lead to.
        begin, asked = (self._end + 4, self.question.owner) if data[5] else (_HEADER, None)
        if count > MAX_RECORDS:
            if count * _SMALLEST_RECORD > len(data) - begin:
                raise dns.exception.FormError
            return Reply(flags, rcode, too_many=answers or count)
        told = flags & (_AUTHORITATIVE | _RECURSION_AVAILABLE)
        of_use = _DENIALS if told else _REFERRALS
        answer: list[Record] = []
        authority: list[Record] = []
        extended: tuple[ExtendedError, ...] | None = None
        frames = _read_frames(data, begin, count, asked)
        for number, (owner, rdtype, rdclass, ttl, start, end) in enumerate(frames):
            if number >= answers + authorities:
                if rdtype == _OPT_TYPE:  # nothing else is of use here
                    if extended is not None or owner != ROOT:
                        raise dns.exception.FormError
                    extended = _read_extended_errors(data[start:end]) if start < end else ()
                    rcode |= ttl >> 20 & 0xFF0
            elif rdtype in _ADDITIONAL:
                raise dns.exception.FormError  # they live in the additional section alone
            elif number < answers or rdtype in of_use:
                rdata = read_rdata(rdtype, data, start, end)
                if rdclass == _IN:
                    # RFC 2181 section 8: a TTL with the highest bit set is zero.
                    record = Record(owner, rdata, ttl if ttl <= 0x7FFFFFFF else 0)
                    (answer if number < answers else authority).append(record)
        return Reply(flags, rcode, tuple(answer), tuple(authority), extended or ())


class Record(NamedTuple):
    """One resource record of class IN; its owner is in the case that the server gave it."""

    owner: bytes
    rdata: dns.rdata.Rdata
    ttl: int

    def is_of(self, owner: Owner, rdtype: dns.rdatatype.RdataType) -> bool:
        """Whether it is a record of this owner and type."""
        return self.rdata.rdtype == rdtype and self.owner.lower() == owner


class Reply(NamedTuple):
    """A well-formed message of a server; its records are not yet checked against the question."""

    flags: int
    rcode: int
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    extended: tuple[ExtendedError, ...] = ()
    too_many: int = 0  # records in the answer, if any there, of a message with more than are read

    @property
    def authenticated(self) -> bool:
        """The AD flag: the server has found the signatures valid (RFC 6840 section 5.8)."""
        return bool(self.flags & _AUTHENTIC_DATA)

    @property
    def authoritative(self) -> bool:
        """The AA flag: the server holds the zone."""
        return bool(self.flags & _AUTHORITATIVE)

    @property
    def truncated(self) -> bool:
        """The TC flag: the whole reply has to be fetched over TCP."""
        return bool(self.flags & _TRUNCATED)

    @property
    def recursive(self) -> bool:
        """The RA flag: the server asks others for what it does not hold."""
        return bool(self.flags & _RECURSION_AVAILABLE)

    @property
    def rejects_edns(self) -> bool:
        """Whether the server may be one that knows no EDNS, or not ours (RFC 6891 section 7).

        BADVERS is for versions that are not known, and ours is the first there is: a server that
        says it makes a mess of all of them.
        """
        return self.rcode in _NO_EDNS

    def is_referral(self) -> bool:
        """Whether the server only says whom to ask: it neither knows nor will find out.

        One that names nobody says as little; an answer without records has an SOA, or a flag that
        tells where it comes from.
        """
        if self.authoritative or self.recursive:
            return False
        types = {record.rdata.rdtype for record in self.authority}
        names_servers = dns.rdatatype.NS in types
        return dns.rdatatype.SOA not in types and (names_servers or not self.authenticated)


def _read_frames(
    data: bytes, at: int, count: int, asked: Owner | None
) -> Iterator[tuple[bytes, int, int, int, int, int]]:
    """Yield owner, type, class and TTL of each record, and where its data begins and ends.

    Raises dns.exception.FormError, also where anything follows the last one.
    """
    whole = len(data)
    for _ in range(count):
        if data[at : at + 2] == _POINTER_TO_QUESTION and asked is not None:
            owner = asked  # nearly every owner: not worth reading the name again
            at += 2
        else:
            owner, at = read_name(data, at, whole)
        start = at + _HEAD.size
        if start > whole:
            raise dns.exception.FormError
        rdtype, rdclass, ttl, size = _HEAD.unpack_from(data, at)
        at = start + size
        if at > whole:
            raise dns.exception.FormError
        yield owner, rdtype, rdclass, ttl, start, at
    if at != whole:
        raise dns.exception.FormError


def _is_bare_error(data: bytes) -> bool:
    """Whether a reply is an error of a header alone, but for its OPT record, and names no question.

    RFC 6895 section 2.3 and many an old server: who cannot read a message cannot repeat it.
    """
    return (
        len(data) >= _HEADER
        and data[2] & 0xFA == 0x80  # not truncated either
        and data[4:10] == b"\0\0\0\0\0\0"
        and data[3] & 0x0F in _BARE_ERRORS
    )


def _read_extended_errors(options: bytes) -> tuple[ExtendedError, ...]:
    parser = dns.wire.Parser(options)
    found: list[ExtendedError] = []
    while parser.remaining():
        code, size = parser.get_struct("!HH")
        value = parser.get_bytes(size)
        if code == _EDE:
            if size < 2:
                raise dns.exception.FormError
            text = value[2 : 2 + 4 * MAX_REASON].decode("utf-8", "replace").rstrip("\0")
            found.append(ExtendedError(int.from_bytes(value[:2], "big"), text[:MAX_REASON]))
    return tuple(found)
