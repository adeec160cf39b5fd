"""The answers of a zone's own name servers, as values, to compare with the resolver's answers.

They show what the owner typed last; a resolver may still give older records from its cache.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.SOA import SOA

from bot.dns.address_guard import is_public
from bot.dns.answer import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.dns.answer import Answer, DirectAnswer, Question
    from bot.dns.spf_evaluate import SpfEvaluation

# At the domain itself other texts come and go that have nothing to do with mail.
_ABOUT_MAIL = re.compile(rb"spf|dmarc|dkim", re.IGNORECASE)
_HALF = 2**31  # of the serials (RFC 1982 section 3)


class NameServerState(StrEnum):
    """Whether a name server answers questions about the zone, and if not, why."""

    ANSWERS = "answers"
    LAME = "lame"  # it answers, but does not hold the zone
    SILENT = "silent"  # nothing comes back
    NO_ADDRESS = "no-address"  # an answer says that its name has none
    UNASKED = "unasked"  # no address that we may ask, or nobody knows one


@dataclass(frozen=True, slots=True)
class NameServer:
    """One name server of the zone and its answers; `soa` is its answer about the zone itself."""

    name: dns.name.Name
    address: str = ""
    condition: NameServerState = NameServerState.UNASKED
    soa: Answer | None = None
    answers: Mapping[Question, DirectAnswer] = field(default_factory=lambda: MappingProxyType({}))
    addresses: tuple[str, ...] = ()  # all that its name is known to have
    denied: dns.name.Name | None = None  # it says that there is none, and has records below it

    @property
    def version(self) -> SOA | None:
        """The SOA record that it gave for the zone; None where it gave none."""
        if self.soa is None or self.condition is not NameServerState.ANSWERS:
            return None
        return next((rdata for rdata in self.soa.rdatas if isinstance(rdata, SOA)), None)

    def is_older(self, other: NameServer) -> bool:
        """Whether it has an older version of the zone than the other, by their SOA serials.

        The serials of two different primary servers cannot be compared; then it is False.
        """
        mine, theirs = self.version, other.version
        if mine is None or theirs is None or mine.mname != theirs.mname:
            return False
        return is_newer(theirs.serial, mine.serial)

    def all_answers(self) -> Iterator[tuple[Question, Answer]]:
        """Give its answers, that about the zone itself first, with the questions to them."""
        if self.soa is not None:
            yield self.soa.question, self.soa
        for question, direct in self.answers.items():
            yield question, direct.answer

    @property
    def ipv6(self) -> bool:
        """Whether it was asked over IPv6, which may fail on our side."""
        return ":" in self.address


class Delegation(NamedTuple):
    """The name servers to which a server of the zone above refers for a zone."""

    parent: dns.name.Name
    names: tuple[dns.name.Name, ...]


@dataclass(frozen=True, slots=True)
class AuthorityView:
    """What the zone's own name servers answer.

    `answers` are those of the server with the newest version of the zone, aliases followed;
    `changed` are the questions to which the resolver gives another answer; `disputed` are those
    that the servers answer differently. These are `unclear` where neither the serials nor a
    majority tell which server is right; nothing counts as changed then. `spf` are the evaluations
    with the changed answers.

    `names` are all name servers that the zone names, of which no more than some are asked, and
    `delegation` those that the zone above names; `no_tcp` are those that take no connection.
    """

    zone: dns.name.Name
    servers: tuple[NameServer, ...]
    answers: Mapping[Question, Answer] = field(default_factory=lambda: MappingProxyType({}))
    changed: tuple[Question, ...] = ()
    disputed: tuple[Question, ...] = ()
    unclear: bool = False
    spf: tuple[SpfEvaluation, ...] = ()
    names: tuple[dns.name.Name, ...] = ()
    delegation: Delegation | None = None
    no_tcp: tuple[dns.name.Name, ...] = ()

    @property
    def lame(self) -> bool:
        """Whether each and every name server is one that does not hold the zone, or nowhere.

        Only the zone above tells which they are: the resolver's list may be an old one.
        """
        if self.delegation is None:
            return False
        asked = {server.name for server in self.servers}
        return asked >= {*self.names, *self.delegation.names} and are_of_no_use(self.servers)

    def is_denied(self, name: dns.name.Name) -> bool:
        """Whether resolvers that know RFC 8020 take a name for one that does not exist."""
        denied = (server.denied for server in self.servers if server.denied is not None)
        return any(name.is_subdomain(above) for above in denied)

    @property
    def negative_ttl(self) -> int | None:
        """Seconds for which "does not exist" is kept: of SOA TTL and field the smaller (RFC 2308).

        Section 5 there has it; None where no server gave its SOA.
        """
        found = [
            min(server.soa.ttl, rdata.minimum)
            for server in self.servers
            if server.soa is not None and server.soa.ttl is not None
            for rdata in server.soa.rdatas
            if isinstance(rdata, SOA)
        ]
        return max(found, default=None)


def are_of_no_use(servers: Iterable[NameServer]) -> bool:
    """Whether all these servers do not hold the zone, or are nowhere, and not all are nowhere."""
    conditions = {server.condition for server in servers}
    useless = {NameServerState.LAME, NameServerState.NO_ADDRESS}
    return NameServerState.LAME in conditions and conditions <= useless


def is_newer(serial: int, than: int) -> bool:
    """Whether one SOA serial is newer than another; serials wrap around (RFC 1982 section 3.2)."""
    return serial != than and (serial - than) % 2**32 < _HALF


def newest(servers: Iterable[NameServer]) -> NameServer | None:
    """Return the first of the servers that have the newest version of the zone."""
    best: NameServer | None = None
    for server in servers:
        if server.version is not None and (best is None or best.is_older(server)):
            best = server
    return best


def network_of(servers: Iterable[NameServer]) -> str:
    """Return the one network in which all servers lie, as far as their addresses are known.

    That is a /24 of IPv4 and, if they have any, one /48 of IPv6: what is announced as a whole. It
    is empty where there are several, and where an address is not public, which tells nothing.
    """
    networks: set[str] = set()
    for server in servers:
        for address in server.addresses:
            if not is_public(address):
                return ""
            length = 48 if ":" in address else 24
            networks.add(str(ip_network(f"{address}/{length}", strict=False)))
        if not server.addresses:
            return ""
    versions = {":" in network for network in networks}
    return min(networks, key=len, default="") if len(networks) == len(versions) else ""


def sides_of(
    question: Question, servers: Iterable[NameServer], apex: dns.name.Name
) -> list[list[NameServer]]:
    """Return the servers by what they say to a question about mail, the largest side first.

    Servers that gave no answer are on none.
    """
    sides: dict[object, list[NameServer]] = {}
    for server in servers:
        told = server.answers.get(question)
        if told is not None and told.is_known:
            substance = _substance(told.answer, at_apex=question.name == apex)
            said = told.answer.chain if told.unfinished else substance
            sides.setdefault(said, []).append(server)
    return sorted(sides.values(), key=len, reverse=True)


def failing_at(question: Question, servers: Iterable[NameServer]) -> list[NameServer]:
    """Return the servers that hold the zone and fail at one question, which another answers."""
    servers = list(servers)
    told = [s for s in servers if question in s.answers]
    if not any(server.answers[question].is_known for server in told):
        return []
    return [
        server
        for server in told
        if server.condition is NameServerState.ANSWERS
        and not server.answers[question].is_known
        and server.answers[question].answer.outcome in {Outcome.SERVFAIL, Outcome.REFUSED}
    ]


def majority_of(sides: Sequence[Sequence[NameServer]]) -> Sequence[NameServer]:
    """Return the side with more servers than any other has; nobody where there is none."""
    if len(sides) > 1 and len(sides[0]) == len(sides[1]):
        return ()
    return sides[0] if sides else ()


def is_outdated(seen: Answer, told: DirectAnswer, *, at_apex: bool) -> bool:
    """Whether the resolver's answer about mail differs from that of the zone's own name server."""
    if seen.failed or not told.is_known:
        return False
    answer = told.answer
    if told.unfinished:  # the rest of the chain lies elsewhere, and was asked of the resolver
        return seen.chain[: len(answer.chain)] != answer.chain
    return _substance(seen, at_apex=at_apex) != _substance(answer, at_apex=at_apex)


def _substance(answer: Answer, *, at_apex: bool) -> object:
    """Return what is compared of an answer: outcome and records, without their order and TTL."""
    if not answer.found:
        return answer.chain  # an alias that leads nowhere is not the same as nothing
    if answer.question.rdtype == dns.rdatatype.TXT:
        return frozenset(about_mail(answer, at_apex=at_apex)) or ()
    return frozenset(answer.rdatas)


def about_mail(answer: Answer, *, at_apex: bool) -> list[bytes]:
    """Return the texts that have to do with mail: at the domain itself not all of them have."""
    everything = (*answer.texts(), *answer.long_texts())
    return [text for text in everything if not at_apex or _ABOUT_MAIL.search(text)]
