"""Questions to the DNS and their answers, as values; an outcome is never an exception."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import dns.name
import dns.rdata
import dns.rdatatype
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.txtbase import TXTBase

from bot.dns.canonical_order import canonical_octets, sort_records
from bot.dns.owner_name import LONGEST_NAME, AnyName, Owner, name_of, owner_of_labels

if TYPE_CHECKING:
    from collections.abc import Awaitable

# What one answer may hold to be read; judging takes time on the one thread of the event loop.
LONGEST_TEXT: Final = 4096  # octets of a TXT record: a key of 4096 bits takes some 800
MOST_RECORDS: Final = 256  # at large companies' domains there are some 150 TXT records
MOST_OCTETS: Final = 16_384  # of all records of another type; a message could hold 65,535
_TEXTS = frozenset({dns.rdatatype.TXT, dns.rdatatype.SPF})
# Octets that one record takes at most, of types that are not looked at more closely; others may
# fill a message.
_LARGEST: Final = MappingProxyType(
    {
        dns.rdatatype.A: 4,
        dns.rdatatype.AAAA: 16,
        dns.rdatatype.CNAME: LONGEST_NAME,
        dns.rdatatype.NS: LONGEST_NAME,
        dns.rdatatype.PTR: LONGEST_NAME,
        dns.rdatatype.MX: 2 + LONGEST_NAME,
        dns.rdatatype.SRV: 6 + LONGEST_NAME,
        dns.rdatatype.SOA: 2 * LONGEST_NAME + 20,
    }
)


class Question(NamedTuple):
    """One question: an absolute owner name, as octets (RFC 4343: without case), and a type."""

    owner: Owner
    rdtype: dns.rdatatype.RdataType

    @classmethod
    def of(cls, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Question:
        """Return the question for a name (made absolute) and a type given in any form."""
        if isinstance(name, bytes):
            return _question_of(name, rdtype)
        if isinstance(name, str):
            name = dns.name.from_text(name)
        return _question_of(name.labels, rdtype)

    @property
    def name(self) -> dns.name.Name:
        """The owner as a name, in lower case."""
        return name_of(self.owner)


@lru_cache(maxsize=4096)  # one check asks for the same few dozens hundreds of times
def _question_of(
    name: Owner | tuple[bytes, ...], rdtype: str | dns.rdatatype.RdataType
) -> Question:
    owner = name if isinstance(name, bytes) else owner_of_labels(name)
    if not isinstance(rdtype, dns.rdatatype.RdataType):
        rdtype = dns.rdatatype.RdataType.make(rdtype)
    return Question(owner, rdtype)


class Outcome(StrEnum):
    """How a question to the DNS ended."""

    RECORDS = "records"
    NODATA = "no data"  # NOERROR without records of the type (RFC 2308 section 2.2)
    NXDOMAIN = "no such name"  # RFC 2308 section 2.1; of the last name of an alias chain (RFC 6604)
    REFUSED = "refused"
    SERVFAIL = "server failure"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"  # more than a datagram holds, and over TCP nothing came of it


_ABSENT = frozenset({Outcome.NODATA, Outcome.NXDOMAIN})
_ANSWERED = _ABSENT | {Outcome.RECORDS}


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """An extended DNS error (RFC 8914): its number and the server's own words, hostile text."""

    code: int
    text: str = ""

    @property
    def names_dnssec(self) -> bool:
        """Whether the code speaks of DNSSEC validation (RFC 8914 section 4)."""
        return self.code in {1, 2, 5, 6, 7, 8, 9, 10, 11, 12}


class Validity(NamedTuple):
    """From when until when signatures are valid, in seconds since 1970 (RFC 4034 section 3.1.5)."""

    begins: int
    ends: int


class _Texts:
    """Where an answer keeps its texts, which are read a dozen times, once they are put together."""

    __slots__ = ("_texts",)
    _texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer(_Texts):
    """The answer to one question, or how asking it failed.

    `rdatas` are the records at the end of the alias chain, from a resolver in canonical order and
    each once; `ttl` is the smallest TTL of chain and records, for a negative answer the one of
    RFC 2308 section 5, in seconds. `chain` are the names that CNAMEs led to, in order; empty where
    the name is no alias. `zone` is the owner of the SOA in a negative answer: the apex of the zone
    that denied. `dname` is the owner of the DNAME that made the name asked an alias, as of all
    names below it; None where none did.
    `server` is the address asked ("192.0.2.1:53"), empty where nobody answered.
    """

    question: Question
    outcome: Outcome
    rdatas: tuple[dns.rdata.Rdata, ...] = ()
    ttl: int | None = None
    chain: tuple[dns.name.Name, ...] = ()
    zone: dns.name.Name | None = None
    server: str = ""
    authenticated: bool = False  # the AD flag (RFC 6840 section 5.8); trust is the caller's matter
    extended: tuple[ExtendedError, ...] = ()
    alias_loop: bool = False  # the chain came back to one of its names; the outcome is SERVFAIL
    authoritative: bool = False  # the AA flag: the server holds the zone, and the TTL is whole
    unasked: bool = False  # we did not ask, as one check may ask no more; the outcome is REFUSED
    too_many: int = 0  # records that there are, where that is more than we read; the same outcome
    late: bool = False  # the time of one check was over before an answer; the outcome is TIMEOUT
    recursive: bool = False  # the RA flag: the server asks others for what it does not hold
    delegated: tuple[dns.name.Name, ...] = ()  # name servers of a referral for this very name
    signed: Validity | None = None  # of the signature that lasts longest, where they were asked for
    dname: dns.name.Name | None = None

    @property
    def found(self) -> bool:
        """There are records."""
        return self.outcome is Outcome.RECORDS

    @property
    def absent(self) -> bool:
        """An answer says that there are none; only then may anybody say "missing"."""
        return self.outcome in _ABSENT

    @property
    def failed(self) -> bool:
        """Nothing was found out."""
        return self.outcome not in _ANSWERED

    @property
    def names_dnssec(self) -> bool:
        """Whether an extended error says that DNSSEC validation is the reason."""
        return any(error.names_dnssec for error in self.extended)

    def says_more_than(self, other: Answer) -> bool:
        """Whether this failure gives a reason where the other gives none."""
        is_reason = self.outcome is Outcome.SERVFAIL and bool(self.extended)
        return is_reason and not other.extended

    def in_order(self) -> Answer:
        """Return the same answer with its records in one order, however they were received.

        They are a set (RFC 2181 section 5), which servers send in any order; this is the canonical
        one (RFC 4034 section 6.3), so that whoever takes the first takes the same each time.
        """
        if len(self.rdatas) < 2:
            return self
        return dataclasses.replace(self, rdatas=sort_records(self.rdatas))

    def bounded(self) -> Answer:
        """Return the answer itself, or a failure in its place where it holds more than we read."""
        count = len(self.rdatas)
        if not count or (count <= MOST_RECORDS and not self._is_long()):
            return self
        return self.as_too_many(count)

    def as_too_many(self, count: int) -> Answer:
        """Return the failure for an answer with so many records, or so long ones."""
        return Answer(
            self.question, Outcome.REFUSED, chain=self.chain, server=self.server, too_many=count
        )

    def texts(self) -> tuple[bytes, ...]:
        """Return each TXT (or SPF) record's strings joined, without a blank (RFC 7208 3.3).

        Texts of more than `LONGEST_TEXT` octets are left out; nobody judges them.
        """
        try:
            return self._texts
        except AttributeError:
            texts = tuple(map(b"".join, self.strings()))
            object.__setattr__(self, "_texts", texts)
            return texts

    def strings(self) -> tuple[tuple[bytes, ...], ...]:
        """Return the strings of each text that `texts` gives, in the same order."""
        every = (r.strings for r in self.rdatas if isinstance(r, TXTBase))
        return tuple(parts for parts in every if sum(map(len, parts)) <= LONGEST_TEXT)

    def long_texts(self) -> tuple[bytes, ...]:
        """Return the texts that are too long to be judged."""
        every = (b"".join(r.strings) for r in self.rdatas if isinstance(r, TXTBase))
        return tuple(text for text in every if len(text) > LONGEST_TEXT)

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses of the A or AAAA records, in their order."""
        return tuple([rdata.address for rdata in self.rdatas if isinstance(rdata, A | AAAA)])

    def _is_long(self) -> bool:
        """Whether the records together are longer than is read; texts are bounded one by one."""
        rdtype = self.question.rdtype
        if rdtype in _TEXTS:
            return False
        if len(self.rdatas) * _LARGEST.get(rdtype, MOST_OCTETS + 1) <= MOST_OCTETS:
            return False
        return sum(len(canonical_octets(rdata)) for rdata in self.rdatas) > MOST_OCTETS


class DirectAnswer(NamedTuple):
    """The answer of one name server that was asked directly.

    `unfinished`: the answer is an alias whose target this server says nothing about.
    """

    answer: Answer
    unfinished: bool = False

    def within(self, zone: dns.name.Name) -> DirectAnswer:
        """Return the answer without its part outside the zone: a chain ends where it leaves it."""
        chain = self.answer.chain
        outside = next((at for at, name in enumerate(chain) if not name.is_subdomain(zone)), None)
        if outside is None or self.answer.failed:
            return self
        cut = dataclasses.replace(
            self.answer, outcome=Outcome.NODATA, rdatas=(), chain=chain[: outside + 1], zone=None
        )
        return DirectAnswer(cut, unfinished=True)

    @property
    def is_known(self) -> bool:
        """Whether it is an answer from the server's own zone: records, or that there are none.

        A referral, a refusal and an answer out of a cache (no AA flag) say nothing, least of all
        that a record is missing (RFC 1034 section 6.2, RFC 8499 "lame delegation").
        """
        return self.answer.authoritative and not self.answer.failed

    @property
    def is_silent(self) -> bool:
        """Whether nothing came back at all."""
        return self.answer.outcome is Outcome.TIMEOUT


class Ask(Protocol):
    """Answers questions: the resolver does, and so does one check's view of it. Never raises."""

    def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Awaitable[Answer]:
        """Ask one question at once; what comes back gives its answer, which may be a failure.

        It is a future where that spares a task, so `asyncio.ensure_future` takes it.
        """
        ...
