"""Where DMARC reports are sent, and whether that domain said that it wants them (RFC 9990).

Failure reports (`ruf`) take the same consent as others (RFC 9991 section 4).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dns.rdatatype import TXT

from bot.checks.answers import answer_to, prefix_name
from bot.checks.dmarc.record import (
    discover,
    find_records,
    parse_record,
)
from bot.checks.dmarc.report_uri import parse_entries
from bot.dns.owner_name import is_within, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.name

    from bot.checks.dmarc.record import DmarcRecord
    from bot.checks.dmarc.report_uri import ReportAddress
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.dns.owner_name import Owner
    from bot.records.expected import Expected
    from bot.records.mail_server import MailServer

MOST_HOSTS = 3  # whose consent is looked for
# What a host publishes that takes another domain's reports (RFC 9990 section 4).
CONSENT = "v=DMARC1;"
_UNDER = (b"_report", b"_dmarc")


class Destination(NamedTuple):
    """Another domain that reports go to: its addresses, and the owner name of its consent record.

    `name` is None where it would be longer than a domain name can be. `tag` is "ruf" where it gets
    failure reports alone, else "rua".
    """

    host: dns.name.Name
    addresses: tuple[str, ...]
    name: dns.name.Name | None
    tag: str = "rua"


def report_names(observed: Observation, expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names whose TXT says whether other domains want the observed one's reports.

    Three at most; none where the record is a domain's above, which is not the member's matter.
    """
    discovery = discover(observed)
    if discovery.record is None or discovery.owner != expected.domain.name:
        return ()
    found = find_destinations(discovery.record, observed.domain.name, discovery.organization)
    return tuple(destination.name for destination in found if destination.name is not None)


def find_destinations(
    record: DmarcRecord, domain: dns.name.Name, organization: dns.name.Name
) -> tuple[Destination, ...]:
    """Return the domains outside of a domain's own organization that `rua` or `ruf` name.

    Three at most, those of `rua` first. To one inside it reports are sent unasked (RFC 9990 section
    4).
    """
    own, whole = owner_of(domain), owner_of(organization)
    named = _group_by_host(record.addresses("rua"))
    found = _group_by_host([*record.addresses("rua"), *record.addresses("ruf")])
    outside = (
        Destination(
            host,
            tuple(dict.fromkeys(entry.address for entry in entries)),
            consent_name(domain, host),
            "rua" if owner in named else "ruf",
        )
        for owner, (host, entries) in found.items()
        if not (is_within(own, owner) or is_within(owner, whole) or is_within(owner, own))
    )
    return tuple(islice(outside, MOST_HOSTS))


def _group_by_host(
    entries: Iterable[ReportAddress],
) -> dict[Owner, tuple[dns.name.Name, list[ReportAddress]]]:
    """Return the domains that sound entries send reports to, in order, with these entries."""
    hosts: dict[Owner, tuple[dns.name.Name, list[ReportAddress]]] = {}
    for entry in entries:
        if entry.host is not None:
            hosts.setdefault(owner_of(entry.host), (entry.host, []))[1].append(entry)
    return hosts


def handed_out_hosts(server: MailServer) -> tuple[dns.name.Name, ...]:
    """Return the domains that the handed-out DMARC record has reports sent to; three at most."""
    hosts = _group_by_host(_operators_entries(server.dmarc, server, "rua", "ruf"))
    return tuple(host for host, _ in hosts.values())[:MOST_HOSTS]


def consent_name(domain: dns.name.Name, host: dns.name.Name) -> dns.name.Name | None:
    """Return where a host says that it takes a domain's reports (RFC 9990 section 4).

    None where the name would be too long to exist.
    """
    return prefix_name((*domain.labels[:-1], *_UNDER), host.labels)


def consent_wildcard(host: dns.name.Name) -> dns.name.Name | None:
    """Return where a host says that it takes the reports of every domain; None if too long."""
    return prefix_name((b"*", *_UNDER), host.labels)


def authorisation_of(observed: Observation, destination: Destination) -> Answer | None:
    """Return the answer on whether reports are wanted; None where it cannot be asked."""
    name = destination.name
    return None if name is None else answer_to(observed, name, TXT)


def refuses(observed: Observation, destination: Destination) -> bool:
    """Whether a domain is known not to accept reports: it has no consent record (`v=DMARC1`)."""
    answer = authorisation_of(observed, destination)
    return answer is None or (not answer.failed and not find_records(answer))


def own_addresses(expected: Expected, *tags: str) -> tuple[str, ...]:
    """Return the operator's report addresses, those in tags of what is handed out first."""
    entries = _operators_entries(expected.dmarc, expected.server, *tags)
    return tuple(dict.fromkeys(e.address.lower() for e in entries if not e.fault))


def _operators_entries(dmarc: str, server: MailServer, *tags: str) -> tuple[ReportAddress, ...]:
    """Return the entries of a record's tags, and those of the operator's own setting."""
    record = parse_record(dmarc)
    entries = [e for tag in tags for e in record.addresses(tag)] if record is not None else []
    return (*entries, *parse_entries(server.dmarc_rua))


def handed_out_addresses(expected: Expected) -> tuple[str, ...]:
    """Return the report addresses of the record that is handed out."""
    record = parse_record(expected.dmarc)
    return tuple(e.address for e in record.addresses("rua") if not e.fault) if record else ()
