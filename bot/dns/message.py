"""DNS messages in wire form: a question as bytes, and a reply as records.

Names and records are read by dnspython. Its Message is left out: it builds sets and indexes that
nobody here looks at, and costs two to three times as much as all the rest of a question.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

from bot.dns.answer import MOST_RECORDS, ExtendedError, Question

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
_OPT = struct.pack("!BHHIH", 0, dns.rdatatype.OPT, PAYLOAD, 0, 0)
_OPT_SIGNED = struct.pack("!BHHIH", 0, dns.rdatatype.OPT, PAYLOAD, 0x8000, 0)  # DO: RFC 3225
_EDE = 15  # the option's number (RFC 8914 section 2)
_POINTER_TO_QUESTION = b"\xc0\x0c"
_IN = dns.rdataclass.IN
_NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})
_BARE_ERRORS = frozenset(
    {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}
)
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
        parser = dns.wire.Parser(data, self._end + 4 if data[5] else _HEADER)
        answers, authorities, additional = struct.unpack_from("!HHH", data, 6)
        count = answers + authorities + additional
        if count > MAX_RECORDS:
            if count * _SMALLEST_RECORD > parser.remaining():
                raise dns.exception.FormError
            return Reply(flags, rcode, too_many=answers or count)
        answer = [self._read_record(parser) for _ in range(answers)]
        told = flags & (_AUTHORITATIVE | _RECURSION_AVAILABLE)
        only = _DENIALS if told else _REFERRALS
        authority = [self._read_record(parser, only=only) for _ in range(authorities)]
        extended: tuple[ExtendedError, ...] | None = None
        for _ in range(additional):
            owner = dns.name.from_wire_parser(parser)
            rdtype, _rdclass, ttl, size = parser.get_struct("!HHIH")
            rdata = parser.get_bytes(size)  # only of use, and only read, in an OPT record
            if rdtype == dns.rdatatype.OPT:
                if extended is not None or owner != dns.name.root:
                    raise dns.exception.FormError
                extended = _read_extended_errors(rdata)
                rcode |= ttl >> 20 & 0xFF0
        if parser.remaining():
            raise dns.exception.FormError
        return Reply(flags, rcode, tuple(answer), tuple(authority), extended or ())

    def _read_record(
        self, parser: dns.wire.Parser, only: frozenset[dns.rdatatype.RdataType] | None = None
    ) -> Record:
        """Read a record; where `only` some types are of use, the others' data is left as it is."""
        here = parser.current
        if parser.wire[here : here + 2] == _POINTER_TO_QUESTION:
            parser.get_bytes(2)  # nearly every owner: not worth reading the name again
            owner = self.question.name
        else:
            owner = dns.name.from_wire_parser(parser)
        rdtype, rdclass, ttl, size = parser.get_struct("!HHIH")
        if rdtype in (dns.rdatatype.OPT, dns.rdatatype.TSIG):
            raise dns.exception.FormError  # they live in the additional section alone
        if only is not None and rdtype not in only:
            rdata: dns.rdata.Rdata = dns.rdata.GenericRdata(
                dns.rdataclass.RdataClass(rdclass),
                dns.rdatatype.RdataType(rdtype),
                parser.get_bytes(size),
            )
        else:
            with parser.restrict_to(size):
                rdata = dns.rdata.from_wire_parser(rdclass, rdtype, parser)
        # RFC 2181 section 8: a TTL with the highest bit set is zero.
        return Record(owner, rdata, ttl if ttl <= 0x7FFFFFFF else 0)


class Record(NamedTuple):
    """One resource record."""

    owner: dns.name.Name
    rdata: dns.rdata.Rdata
    ttl: int

    def is_of(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bool:
        """Whether it is a record of this name and type, in class IN."""
        rdata = self.rdata
        return rdata.rdtype == rdtype and rdata.rdclass == _IN and bool(self.owner == name)


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
