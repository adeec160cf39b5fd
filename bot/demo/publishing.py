"""Puts records into the demo's DNS as their owners would, in their providers' panels."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.demo.zones import Zone, labels_of, parse_zone
from bot.requests.kinds import KINDS
from bot.requests.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.demo.zones import Zones
    from bot.names import Domain
    from bot.records.expected import ExpectedRecord
    from bot.requests.model import Request
    from bot.requests.service import Requests

_LONGEST = 255  # octets of one string (RFC 1035 section 3.3)


def line_of_request(request: Request) -> str:
    """Return the zone line of the record that was handed out for a request.

    Raises:
        ValueError: such a request hands out no record.

    """
    record = KINDS[request.kind].record
    if record is None:
        raise ValueError(f"A request for {request.kind} hands out no record.")
    return f"{record.label(request)} TXT {_quote(request.value)}"


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


async def waiting_records(requests: Requests, domain: Domain) -> tuple[Request, ...]:
    """Return the requests of a domain whose handed out record the bot waits for, oldest first."""
    found = await requests.of_domain(domain)
    waiting = [r for r in found if KINDS[r.kind].record is not None and r.state is State.WAITING]
    return tuple(reversed(waiting))


def _quote(value: str) -> str:
    strings = (value[start : start + _LONGEST] for start in range(0, len(value), _LONGEST))
    return " ".join(f'"{string}"' for string in strings)
