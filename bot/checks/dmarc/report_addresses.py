"""Where DMARC reports are sent, and whether that domain said that it wants them (RFC 9990)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dns.rdatatype import TXT

from bot.checks.answers import answer_to, prefix_name
from bot.checks.dmarc.record import (
    ReportAddress,
    discover,
    find_organization,
    find_records,
    parse_record,
)

if TYPE_CHECKING:
    import dns.name

    from bot.checks.dmarc.record import DmarcRecord
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.records.expected import Expected

MOST_HOSTS = 3  # whose authorisation is looked for
_ADDRESSES = re.compile(r"[^\s@,;:!<>\"'\\]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.IGNORECASE)


class Destination(NamedTuple):
    """Another domain that reports go to: its addresses, and the name where it agrees.

    `name` is None where it would be too long to exist.
    """

    host: dns.name.Name
    addresses: tuple[str, ...]
    name: dns.name.Name | None


def report_names(observed: Observation, expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names whose TXT says whether other domains want the observed one's reports.

    Three at most; none where the record is a domain's above, which is not the member's matter.
    """
    discovery = discover(observed)
    if discovery.record is None or discovery.owner != expected.domain.name:
        return ()
    found = find_destinations(discovery.record, observed)
    return tuple(destination.name for destination in found if destination.name is not None)


def find_destinations(record: DmarcRecord, observed: Observation) -> tuple[Destination, ...]:
    """Return the domains outside the observed one's own organization that `rua` names."""
    domain, organization = observed.domain.name, find_organization(observed)
    hosts: dict[dns.name.Name, list[str]] = {}
    for entry in record.addresses("rua"):
        host = entry.host
        if host is None or domain.is_subdomain(host) or host.is_subdomain(organization):
            continue
        if not host.is_subdomain(domain):
            hosts.setdefault(host, []).append(entry.address)
    prefix = (*domain.labels[:-1], b"_report", b"_dmarc")
    return tuple(
        Destination(host, tuple(addresses), prefix_name(prefix, host.labels))
        for host, addresses in list(hosts.items())[:MOST_HOSTS]
    )


def authorisation_of(observed: Observation, destination: Destination) -> Answer | None:
    """Return the answer on whether reports are wanted; None where it cannot be asked."""
    name = destination.name
    return None if name is None else answer_to(observed, name, TXT)


def refuses(observed: Observation, destination: Destination) -> bool:
    """Whether a domain is known not to want reports: no record there says the version."""
    answer = authorisation_of(observed, destination)
    return answer is None or (not answer.failed and not find_records(answer))


def own_addresses(expected: Expected) -> tuple[str, ...]:
    """Return the operator's report addresses, those of the record that is handed out first."""
    record = parse_record(expected.dmarc)
    handed_out = record.addresses("rua") if record is not None else ()
    configured = map(ReportAddress.parse, expected.server.dmarc_rua.split(","))
    entries = (*handed_out, *configured)
    return tuple(dict.fromkeys(e.address.lower() for e in entries if not e.fault))


def handed_out_addresses(expected: Expected) -> tuple[str, ...]:
    """Return the report addresses of the record that is handed out."""
    record = parse_record(expected.dmarc)
    return tuple(e.address for e in record.addresses("rua") if not e.fault) if record else ()


def rescue_addresses(text: str) -> tuple[str, ...]:
    """Return every mail address that can be read in a faulty `rua` or `ruf`."""
    apart = re.sub("mailto:", " ", text, flags=re.IGNORECASE)
    return tuple(dict.fromkeys(_ADDRESSES.findall(apart)))
