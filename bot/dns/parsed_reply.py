"""Reads a reply's answer to its question: records, a denial, or an unfinished alias chain."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.DNAME import DNAME
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.ANY.SOA import SOA

from bot.dns.answer import Answer, Outcome, Question, Validity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.dns.message import Record, Reply

MAX_CHAIN = 16  # aliases followed before a chain counts as endless


class ParsedReply(NamedTuple):
    """The answer that one reply holds.

    `cut`: the alias chain ends in a name of which the server said nothing, neither records nor a
    denial; it has to be asked for.
    """

    answer: Answer
    cut: bool = False


def read_answer(question: Question, reply: Reply, server: str) -> ParsedReply:
    """Return the answer that a sound, untruncated reply to the question holds."""
    rcode = reply.rcode

    def answer(
        outcome: Outcome,
        rdatas: tuple[dns.rdata.Rdata, ...] = (),
        ttl: int | None = None,
        zone: dns.name.Name | None = None,
        *,
        alias_loop: bool = False,
    ) -> Answer:
        return Answer(
            question,
            outcome,
            rdatas,
            ttl,
            chain,
            zone,
            server,
            reply.authenticated,
            reply.extended,
            alias_loop,
            reply.authoritative,
            recursive=reply.recursive,
            signed=_validity(question, reply.answer),
            dname=dname,
        )

    chain: tuple[dns.name.Name, ...] = ()
    dname = _find_dname(question.name, reply.answer)
    if reply.too_many:
        return ParsedReply(answer(Outcome.REFUSED).as_too_many(reply.too_many))
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        refused = rcode in (dns.rcode.REFUSED, dns.rcode.NOTAUTH)
        return ParsedReply(answer(Outcome.REFUSED if refused else Outcome.SERVFAIL))
    name = question.name
    ttls: list[int] = []
    while True:
        records = [r for r in reply.answer if r.is_of(name, question.rdtype)]
        if records:
            ttl = min([*ttls, *(r.ttl for r in records)])
            return ParsedReply(answer(Outcome.RECORDS, _unique(records), ttl).bounded())
        alias = _alias(name, reply.answer)
        if alias is None:
            break
        target, ttl = alias
        if target == question.name or target in chain:
            return ParsedReply(answer(Outcome.SERVFAIL, alias_loop=True))
        if len(chain) == MAX_CHAIN:
            return ParsedReply(answer(Outcome.SERVFAIL))
        chain = (*chain, target)
        ttls.append(ttl)
        name = target
    zone, negative_ttl = _denial(name, reply.authority)
    if negative_ttl is not None:
        ttls.append(negative_ttl)
    smallest = min(ttls, default=None)
    if rcode == dns.rcode.NXDOMAIN:
        return ParsedReply(answer(Outcome.NXDOMAIN, (), smallest, zone))
    if chain and zone is None:
        return ParsedReply(answer(Outcome.NODATA, (), smallest), cut=True)
    if not chain and reply.is_referral():
        delegated = _delegation(name, reply.authority)
        return ParsedReply(dataclasses.replace(answer(Outcome.REFUSED), delegated=delegated))
    return ParsedReply(answer(Outcome.NODATA, (), smallest, zone))


def join(first: Answer, further: Answer) -> Answer:
    """Return the answer to a question whose chain was cut, with that for the chain's last name."""
    chain = (*first.chain, *further.chain)
    names = (first.question.name, *chain)
    ttls = [ttl for ttl in (first.ttl, further.ttl) if ttl is not None]
    loop = further.alias_loop or len(set(names)) < len(names)
    return Answer(
        question=first.question,
        outcome=Outcome.SERVFAIL if loop else further.outcome,
        rdatas=() if loop else further.rdatas,
        ttl=None if loop or further.failed else min(ttls, default=None),
        chain=chain,
        zone=None if loop else further.zone,
        server=further.server,
        authenticated=first.authenticated and further.authenticated,
        extended=(*first.extended, *further.extended),
        alias_loop=loop,
        authoritative=first.authoritative and further.authoritative,
        too_many=0 if loop else further.too_many,
        dname=first.dname,
    )


def _alias(name: dns.name.Name, records: Iterable[Record]) -> tuple[dns.name.Name, int] | None:
    # A CNAME made of a DNAME comes along with it (RFC 6672 section 3.1), so is found here.
    for record in records:
        if isinstance(record.rdata, CNAME) and record.is_of(name, dns.rdatatype.CNAME):
            return record.rdata.target, record.ttl
    return None


def _delegation(name: dns.name.Name, records: Iterable[Record]) -> tuple[dns.name.Name, ...]:
    targets = {
        record.rdata.target
        for record in records
        if isinstance(record.rdata, NS) and record.is_of(name, dns.rdatatype.NS)
    }
    return tuple(sorted(targets))


def _validity(question: Question, records: Iterable[Record]) -> Validity | None:
    found = [
        Validity(record.rdata.inception, record.rdata.expiration)
        for record in records
        if isinstance(record.rdata, RRSIG)
        and record.rdata.type_covered == question.rdtype
        and record.is_of(question.name, dns.rdatatype.RRSIG)
    ]
    return max(found, key=lambda validity: validity.ends, default=None)


def _find_dname(name: dns.name.Name, records: Iterable[Record]) -> dns.name.Name | None:
    """Return the owner of the DNAME by which a name is an alias: it stands above (RFC 6672 2.3)."""
    for record in records:
        if (
            isinstance(record.rdata, DNAME)
            and record.owner != name
            and name.is_subdomain(record.owner)
        ):
            return record.owner
    return None


def _denial(
    name: dns.name.Name, records: Iterable[Record]
) -> tuple[dns.name.Name | None, int | None]:
    # The SOA of another zone denies nothing: servers add that of the zone the chain began in.
    for owner, rdata, ttl in records:
        if (
            isinstance(rdata, SOA)
            and rdata.rdclass == dns.rdataclass.IN
            and name.is_subdomain(owner)
        ):
            return owner, min(ttl, rdata.minimum)  # RFC 2308 section 5
    return None, None


def _unique(records: list[Record]) -> tuple[dns.rdata.Rdata, ...]:
    if len(records) == 1:
        return (records[0].rdata,)
    return tuple(dict.fromkeys(r.rdata for r in records))  # RFC 2181 section 5: a set
