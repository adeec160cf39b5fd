"""What was observed of the mail server itself: answers and SPF evaluations, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import dns.name
import dns.rdtypes.ANY.PTR
import dns.reversename
from dns.rdatatype import PTR, SOA
from dns.rdtypes.ANY.NS import NS

from bot.checks.answers import answer_to, prefix_name
from bot.dns.address_guard import is_of_somebody, is_public

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.names import Domain
    from bot.net.port_look import PortLook
    from bot.records.mail_server import MailServer

MOST_ADDRESSES = 8  # of the mail host
MOST_PTRS = 5  # of one address
_MOST_SERVERS = 8  # name servers of one zone


class NameServerReply(NamedTuple):
    """What came of asking one name server of the host's zone: it knows the zone, or is silent."""

    name: dns.name.Name
    knows: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class ServerObservation:
    """All that was asked about the mail server, and what came back.

    `seen` holds the answers; its domain is the mail host. `member` is a made-up domain for which
    the SPF value was evaluated as if it published that, and `members` are real ones. With
    `allow_private` the server may have addresses that only its own network reaches.
    """

    seen: Observation
    server: MailServer
    member: Domain
    members: tuple[Domain, ...] = ()
    handed_out: tuple[SpfEvaluation, ...] = ()  # of the SPF value, for our addresses and a stranger
    helo: tuple[SpfEvaluation, ...] = ()  # of the host's own SPF record, where it has one
    allow_private: bool = False
    name_servers: tuple[NameServerReply, ...] = ()  # of those that were asked directly
    ports: tuple[PortLook, ...] = ()  # none where nobody looked at them

    @property
    def host(self) -> dns.name.Name:
        """The mail host."""
        return self.server.host

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the mail host, IPv4 first; eight at most."""
        return sort_addresses(self.seen.addresses(self.host))

    @property
    def reachable(self) -> tuple[str, ...]:
        """The addresses that the internet reaches, or all where private ones are allowed."""
        return tuple(a for a in self.addresses if self.allow_private or _is_for_everybody(a))

    @property
    def zone(self) -> dns.name.Name:
        """The apex of the zone that the host lies in; the host itself where nobody said."""
        return find_apex(self.seen.answer(self.host, SOA), self.host)

    def reverse(self, address: str) -> Answer:
        """Return the answer on the names that an address leads to."""
        return answer_to(self.seen, dns.reversename.from_address(address), PTR)


def _is_for_everybody(address: str) -> bool:
    # Examples, such as the demo, publish addresses for documentation in place of public ones.
    return is_public(address) or not is_of_somebody(address)


def sort_addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses that are looked at, IPv4 first."""
    return tuple(sorted(set(addresses), key=lambda a: (":" in a, a)))[:MOST_ADDRESSES]


def find_apex(answer: Answer | None, name: dns.name.Name) -> dns.name.Name:
    """Return the apex of a name's zone by the answer to SOA; the name itself where it has none."""
    zone = answer.zone if answer is not None and answer.absent and not answer.chain else None
    return zone if zone is not None and name.is_subdomain(zone) else name


def ptr_names(answer: Answer) -> tuple[dns.name.Name, ...]:
    """Return the names that an address leads to, in a stable order; five at most."""
    kind = dns.rdtypes.ANY.PTR.PTR
    names = {rdata.target for rdata in answer.rdatas if isinstance(rdata, kind)}
    return tuple(sorted(names))[:MOST_PTRS]


def server_names(answer: Answer) -> tuple[dns.name.Name, ...]:
    """Return the names of a zone's name servers, in a stable order; eight at most."""
    return tuple(sorted({r.target for r in answer.rdatas if isinstance(r, NS)}))[:_MOST_SERVERS]


def probes_of(made_up: Domain, members: Iterable[Domain]) -> tuple[dns.name.Name, ...]:
    """Return the domains whose reports should be taken: a made-up one, real ones, their siblings.

    The siblings are asked because a name of its own for one member takes the wildcard away from
    everybody beside it (RFC 4592 section 2.2.2, empty non-terminals).
    """
    names = [made_up.name]
    for member in members:
        beside = prefix_name(made_up.name.labels[:1], member.name.labels[1:])
        names += [member.name] if beside is None else [member.name, beside]
    return tuple(dict.fromkeys(names))
