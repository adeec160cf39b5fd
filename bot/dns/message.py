"""DNS messages in wire form: a question as bytes, and a reply as records.

dnspython's Message is left out: it builds sets and indexes that nobody here looks at.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import NamedTuple

import dns.exception
import dns.rcode
import dns.rdataclass
from dns.rdatatype import OPT

from bot.dns.answer import MOST_RECORDS, ExtendedError, Question
from bot.dns.sections import (
    Denial,
    Record,
    read_authority,
    read_frames,
    read_options,
    read_records,
)

PAYLOAD = 1232  # octets of UDP that pass everywhere unfragmented (DNS flag day 2020)
MAX_RECORDS = 2 * MOST_RECORDS  # in a message, all sections together; more are only counted

_HEADER = 12  # octets
_SMALLEST_RECORD = 11  # octets: the root as owner, no data
_AUTHENTIC_DATA = 0x0020  # for the validation state without DNSSEC data (RFC 6840 section 5.7)
_CHECKING_DISABLED = 0x0010  # nobody shall look at the signatures (RFC 4035 section 3.2.2)
_RECURSION_AVAILABLE = 0x0080
_RECURSION_DESIRED = 0x0100
_TRUNCATED = 0x0200
_AUTHORITATIVE = 0x0400
# The root as owner, type OPT, our payload as class, the flags, no options (RFC 6891 section 6.1.2).
_OPT = struct.pack("!BHHIH", 0, OPT, PAYLOAD, 0, 0)
_OPT_SIGNED = struct.pack("!BHHIH", 0, OPT, PAYLOAD, 0x8000, 0)  # DO: RFC 3225
_IN = dns.rdataclass.IN
_NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})
_BARE_ERRORS = frozenset(
    {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}
)
_COUNTS = struct.Struct("!HHH")  # of the records in each section


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
        frames = read_frames(data, begin, count, asked)
        answer = read_records(data, islice(frames, answers))
        is_told = bool(flags & (_AUTHORITATIVE | _RECURSION_AVAILABLE))
        denials, servers = read_authority(data, islice(frames, authorities), is_told)
        extended, high = read_options(data, frames)
        return Reply(flags, rcode | high, answer, denials, servers, extended)


class Reply(NamedTuple):
    """A well-formed message of a server; its records are not yet checked against the question."""

    flags: int
    rcode: int
    answer: tuple[Record, ...] = ()
    denials: tuple[Denial, ...] = ()
    servers: tuple[Record, ...] = ()  # in the authority section of one that only refers to others
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
        return not self.denials and (bool(self.servers) or not self.authenticated)


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
