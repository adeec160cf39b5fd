"""Delegations that lead nowhere, among many that do: their world, and what the DNS says of them.

Each has two name servers of its own that never answer. A resolver says nothing of what lies in the
zone, or SERVFAIL, in turns; a server of the zone above refers to the name servers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from benchmarks.zones import MEMBER, PLAIN_MEMBER, World, make_world

if TYPE_CHECKING:
    from collections.abc import Mapping

HOSTER: Final = "gone-dns.test"
PARENT: Final = "example"


@dataclass(frozen=True, slots=True)
class DeadName:
    """A delegation: the addresses of its name servers, and whether a resolver says SERVFAIL."""

    addresses: tuple[str, str]
    servfail: bool

    def hosts(self) -> tuple[str, str]:
        """Return the names of its name servers."""
        first, second = (f"ns-{a.replace('.', '-')}.{HOSTER}." for a in self.addresses)
        return first, second


class DeadNames:
    """What servers say to questions about dead delegations."""

    def __init__(self, dead: Mapping[str, DeadName]) -> None:
        self._dead = {dns.name.from_text(name): one for name, one in dead.items()}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return those that `to_json` wrote."""
        given = json.loads(text).items()
        return cls({n: DeadName(tuple(d["addresses"]), d["servfail"]) for n, d in given})

    def to_json(self) -> str:
        """Return them as a text for another program."""
        return json.dumps({name.to_text(): asdict(one) for name, one in self._dead.items()})

    @property
    def addresses(self) -> list[str]:
        """Where servers listen that never answer."""
        return [address for one in self._dead.values() for address in one.addresses]

    def is_about(self, query: bytes) -> bool:
        """Whether a question can only be answered here."""
        return self._find(query) is not None

    def reply_to(self, query: bytes) -> bytes | None:
        """Return the reply to a question about one of these; None where nobody says anything."""
        zone = self._find(query)
        if zone is None:
            return None
        one = self._dead[zone]
        asked = dns.message.from_wire(query)
        reply = dns.message.make_response(asked)
        if not asked.flags & dns.flags.RD:  # asked of the zone above, which refers
            reply.authority.append(dns.rrset.from_text(zone, 3600, "IN", "NS", *one.hosts()))
            return reply.to_wire()
        if one.servfail:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply.to_wire()
        return None

    def _find(self, query: bytes) -> dns.name.Name | None:
        if not self._dead:
            return None
        try:
            name, end = dns.name.from_wire(query, 12)
        except (dns.exception.DNSException, IndexError):
            return None
        if len(name) < 3:
            return None
        zone = dns.name.Name(name.labels[-3:])
        if zone not in self._dead:
            return None
        # What is in the zone above is there, and the resolver knows it.
        is_above = name == zone and query[12 + end : 14 + end] == b"\0\x2b"
        return None if is_above else zone


def make_dead_world(members: int, dead: int) -> tuple[World, DeadNames]:
    """Return a world of so many domains, so many of them dead delegations at even distances.

    The first two members of `make_world` are not among them.
    """
    whole = make_world(members - dead)
    living = [name for name in whole.dkim if name not in {MEMBER, PLAIN_MEMBER}]
    gone = {
        f"gone{number:03}.{PARENT}": DeadName(
            (f"127.20.{number}.1", f"127.20.{number}.2"), servfail=number % 2 == 0
        )
        for number in range(1, dead + 1)
    }
    delegations = "\n".join(
        f"{name}. NS {host}" for name, one in gone.items() for host in one.hosts()
    )
    hosts = "\n".join(
        f"{host} A {address}"
        for one in gone.values()
        for host, address in zip(one.hosts(), one.addresses, strict=True)
    )
    order, step = list(living), members // max(dead, 1)
    for place, name in enumerate(gone):
        order.insert(place * step, name)
    zones = {**whole.zones, PARENT: delegations, HOSTER: hosts}
    return World(zones, {name: whole.dkim.get(name, "") for name in order}), DeadNames(gone)
