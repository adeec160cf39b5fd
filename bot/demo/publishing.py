"""Puts records into the demo's DNS as their owners would, in their providers' panels."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import dns.rdata
import dns.rdataset
import dns.rdatatype
from dns.rdtypes.mxbase import MXBase
from dns.rdtypes.txtbase import TXTBase

from bot.checks.finding import FixAction
from bot.demo.zones import Zone, labels_of, parse_zone
from bot.records.presentation import rdata_text
from bot.requests.kinds import KINDS
from bot.requests.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.finding import Fix
    from bot.demo.zones import Node, Zones
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import ExpectedRecord
    from bot.requests.model import Request
    from bot.requests.service import Requests
    from bot.rotations.rotation import Rotation

_LONGEST = 255  # octets of one string (RFC 1035 section 3.3)


class Typed(NamedTuple):
    """What was typed at a provider: of which records, and whether they were taken out."""

    kinds: tuple[str, ...] = ()
    are_gone: bool = False

    @property
    def facts(self) -> dict[str, Fact]:
        """What a template says of it."""
        return {"kinds": self.kinds, "gone": self.are_gone}


def line_of_request(request: Request) -> str:
    """Return the zone line of the record that was handed out for a request.

    Raises:
        ValueError: such a request hands out no record.

    """
    record = KINDS[request.kind].record
    if record is None:
        raise ValueError(f"A request for {request.kind} hands out no record.")
    return f"{record.label(request)} TXT {_quote(request.value)}"


def line_of_key(rotation: Rotation) -> str:
    """Return the zone line of the record that was handed out for a new key."""
    return f"{rotation.selector}._domainkey TXT {_quote(rotation.value)}"


def line_of_record(record: ExpectedRecord) -> str:
    """Return the zone line of a record that a domain should publish."""
    value = _quote(record.value) if record.type == "TXT" else record.value
    priority = "" if record.priority is None else f"{record.priority} "
    return f"{record.owner} {record.type} {priority}{value}"


def publish(zones: Zones, domain: Domain, lines: Iterable[str]) -> Zones:
    """Return the world with these records in a domain's zone, in the place of what was there.

    Raises:
        KeyError: no such zone.

    """
    zone = zones.table[labels_of(domain.name)]
    fresh = parse_zone(domain.name, "\n".join(lines))
    nodes = dict(zone.nodes)
    for labels, node in fresh.nodes.items():
        nodes[labels] = {**nodes.get(labels, {}), **node}
    whole = Zone(zone.origin, MappingProxyType(nodes))
    # Not by `with_zone`: name servers that fail go on failing.
    table = {**zones.table, labels_of(domain.name): whole}
    return dataclasses.replace(zones, table=table)


def type_fixes(zones: Zones, domain: Domain, fixes: Iterable[Fix]) -> Zones:
    """Return the world with these steps done in a domain's zone, as its owner would do them.

    Raises:
        KeyError: no such zone.

    """
    zone = zones.table[labels_of(domain.name)]
    for fix in fixes:
        nodes = {labels: dict(node) for labels, node in zone.nodes.items()}
        rdtype = dns.rdatatype.from_text(fix.type)
        if fix.action is not FixAction.ADD:
            place = nodes.get(labels_of(fix.old_owner or fix.owner), {})
            _take_out(place, rdtype, fix.value if fix.old is None else fix.old)
        if fix.action is not FixAction.DELETE:
            line = f"{fix.owner} {fix.type} {rdata_text(fix.type, fix.value, fix.priority)}"
            for labels, node in parse_zone(domain.name, line).nodes.items():
                there = nodes.setdefault(labels, {})
                if rdtype in node and labels == labels_of(fix.owner):
                    both = (*there.get(rdtype, ()), *node[rdtype])
                    there[rdtype] = dns.rdataset.from_rdata_list(node[rdtype].ttl, both)
        zone = Zone(zone.origin, MappingProxyType(nodes))
    table = {**zones.table, labels_of(domain.name): zone}
    return dataclasses.replace(zones, table=table)


def _take_out(node: Node, rdtype: dns.rdatatype.RdataType, value: str) -> None:
    """Take the record with this value out of a node; a text by what its strings are together."""
    kept = [rdata for rdata in node.get(rdtype, ()) if _value_of(rdata) != value.lower()]
    if kept:
        node[rdtype] = dns.rdataset.from_rdata_list(node[rdtype].ttl, kept)
    else:
        node.pop(rdtype, None)


def _value_of(rdata: dns.rdata.Rdata) -> str:
    if isinstance(rdata, TXTBase):
        return b"".join(rdata.strings).decode("utf-8", "replace").lower()
    if isinstance(rdata, MXBase):
        return rdata.exchange.to_text().lower()
    return rdata.to_text().lower()


async def waiting_records(requests: Requests, domain: Domain) -> tuple[Request, ...]:
    """Return the requests of a domain whose handed out record the bot waits for, oldest first."""
    found = await requests.of_domain(domain)
    waiting = [r for r in found if KINDS[r.kind].record is not None and r.state is State.WAITING]
    return tuple(reversed(waiting))


def _quote(value: str) -> str:
    strings = (value[start : start + _LONGEST] for start in range(0, len(value), _LONGEST))
    return " ".join(f'"{string}"' for string in strings)
