"""Whether the domain that gets DMARC reports says so in its DNS (RFC 9990); the admin's matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import dns.exception
import dns.name
import dns.rdatatype

from bot.checks.dmarc.record import find_records, parse_record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.dns.answer import Answer
    from bot.names import Domain
    from bot.records.mail_server import MailServer

CONSENT: Final = "v=DMARC1"
_MOST_HOSTS = 3
_PREFIX = dns.name.from_text("*._report._dmarc", None)


async def find_missing_consents(
    domain: Domain,
    server: MailServer,
    ask: Callable[[dns.name.Name, dns.rdatatype.RdataType], Awaitable[Answer]],
) -> tuple[dns.name.Name, ...]:
    """Return the names where a record is missing for the reports of this domain to be sent.

    Each is a wildcard, so that publishing it once does for all members. A host whose DNS could
    not be asked is left out: nobody knows.
    """
    missing = []
    for host in _hosts(domain, server)[:_MOST_HOSTS]:
        try:
            own = dns.name.Name((*domain.name.labels[:-1], *_PREFIX.labels[1:], *host.labels))
        except dns.exception.DNSException:  # too long to exist, so nobody can publish it
            continue
        answer = await ask(own, dns.rdatatype.TXT)
        if not answer.failed and not find_records(answer):
            missing.append(_PREFIX.concatenate(host))
    return tuple(missing)


def host_of(owner: dns.name.Name) -> str:
    """Return the domain that gets the reports, from one of the names above."""
    return dns.name.Name(owner.labels[len(_PREFIX.labels) :]).to_text(omit_final_dot=True)


def _hosts(domain: Domain, server: MailServer) -> tuple[dns.name.Name, ...]:
    record = parse_record(server.dmarc)
    entries = record.addresses("rua") if record is not None else ()
    hosts = [entry.host for entry in entries if entry.host is not None]
    return tuple(
        dict.fromkeys(
            host
            for host in hosts
            if not domain.name.is_subdomain(host) and not host.is_subdomain(domain.name)
        )
    )
