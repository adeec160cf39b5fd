"""Reads a reply's answer to its question: records, a denial, or an unfinished alias chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.DNAME import DNAME
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.RRSIG import RRSIG

from bot.dns.answer import Answer, Outcome, Question, Validity
from bot.dns.canonical_order import sort_records
from bot.dns.owner_name import Owner, is_within, name_of, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.dns.message import Reply
    from bot.dns.sections import Denial, Record

MAX_CHAIN = 16  # aliases followed before a chain counts as endless

_ANSWERS = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})
_REFUSALS = frozenset({dns.rcode.REFUSED, dns.rcode.NOTAUTH})
_RARE = frozenset({dns.rdatatype.DNAME, dns.rdatatype.RRSIG})  # of which answers have no need


class ParsedReply(NamedTuple):
    """The answer that one reply holds.

    `cut`: the alias chain ends in a name of which the server said nothing, neither records nor a
    denial; it has to be asked for.
    """

    answer: Answer
    cut: bool = False


def read_answer(question: Question, reply: Reply, server: str) -> ParsedReply:
    """Return the answer that a sound, untruncated reply to the question holds."""
    owner, rdtype = question
    records, rcode = reply.answer, reply.rcode
    chain: tuple[dns.name.Name, ...] = ()
    rare = [record for record in records if record.rdata.rdtype in _RARE]
    signed = _validity(question, rare) if rare else None
    dname = _find_dname(owner, rare) if rare else None

    def answer(
        outcome: Outcome,
        rdatas: tuple[dns.rdata.Rdata, ...] = (),
        ttl: int | None = None,
        zone: dns.name.Name | None = None,
        *,
        alias_loop: bool = False,
        delegated: tuple[dns.name.Name, ...] = (),
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
            delegated=delegated,
            signed=signed,
            dname=dname,
        )

    if reply.too_many:
        return ParsedReply(answer(Outcome.REFUSED).as_too_many(reply.too_many))
    if rcode not in _ANSWERS:
        refused = rcode in _REFUSALS
        return ParsedReply(answer(Outcome.REFUSED if refused else Outcome.SERVFAIL))
    passed = [owner]  # the name asked for and those that aliases led to
    ttls: list[int] = []
    while records:
        found = [record for record in records if record.is_of(owner, rdtype)]
        if found:
            ttls += [record.ttl for record in found]
            rdatas = sort_records([record.rdata for record in found])
            return ParsedReply(answer(Outcome.RECORDS, rdatas, min(ttls)).bounded())
        alias = _find_alias(owner, records)
        if alias is None:
            break
        target, ttl = alias
        owner = owner_of(target)
        if owner in passed:
            return ParsedReply(answer(Outcome.SERVFAIL, alias_loop=True))
        if len(chain) == MAX_CHAIN:
            return ParsedReply(answer(Outcome.SERVFAIL))
        chain = (*chain, target)
        passed.append(owner)
        ttls.append(ttl)
    zone, negative_ttl = _find_denial(owner, reply.denials)
    if negative_ttl is not None:
        ttls.append(negative_ttl)
    smallest = min(ttls, default=None)
    if rcode == dns.rcode.NXDOMAIN:
        return ParsedReply(answer(Outcome.NXDOMAIN, (), smallest, zone))
    if chain and zone is None:
        return ParsedReply(answer(Outcome.NODATA, (), smallest), cut=True)
    if not chain and reply.is_referral():
        delegated = _find_delegation(owner, reply.servers)
        return ParsedReply(answer(Outcome.REFUSED, delegated=delegated))
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


def _find_alias(owner: Owner, records: Iterable[Record]) -> tuple[dns.name.Name, int] | None:
    # A CNAME made of a DNAME comes along with it (RFC 6672 section 3.1), so is found here.
    for record in records:
        if isinstance(record.rdata, CNAME) and record.is_of(owner, dns.rdatatype.CNAME):
            return record.rdata.target, record.ttl
    return None


def _find_delegation(owner: Owner, records: Iterable[Record]) -> tuple[dns.name.Name, ...]:
    targets = {
        owner_of(record.rdata.target): record.rdata.target
        for record in records
        if isinstance(record.rdata, NS) and record.is_of(owner, dns.rdatatype.NS)
    }
    return tuple(sorted(targets.values(), key=_from_the_root))


def _from_the_root(name: dns.name.Name) -> list[bytes]:
    """Return what names are sorted by (RFC 4034 section 6.1), made once for each of them."""
    return [label.lower() for label in reversed(name.labels)]


def _validity(question: Question, records: Iterable[Record]) -> Validity | None:
    found = [
        Validity(record.rdata.inception, record.rdata.expiration)
        for record in records
        if isinstance(record.rdata, RRSIG)
        and record.rdata.type_covered == question.rdtype
        and record.is_of(question.owner, dns.rdatatype.RRSIG)
    ]
    return max(found, key=lambda validity: validity.ends, default=None)


def _find_dname(owner: Owner, records: Iterable[Record]) -> dns.name.Name | None:
    """Return the owner of the DNAME by which a name is an alias: it stands above (RFC 6672 2.3)."""
    for record in records:
        above = record.owner.lower()
        if isinstance(record.rdata, DNAME) and above != owner and is_within(owner, above):
            return name_of(record.owner)
    return None


def _find_denial(
    owner: Owner, denials: Iterable[Denial]
) -> tuple[dns.name.Name | None, int | None]:
    # The SOA of another zone denies nothing: servers add that of the zone the chain began in.
    for zone, ttl in denials:
        if is_within(owner, zone.lower()):
            return name_of(zone), ttl
    return None, None
