"""Asks whether the domains that get a member's DMARC reports say so in their DNS (RFC 9990)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.dmarc.record import discover, parse_record, walk_names
from bot.checks.dmarc.report_addresses import authorisation_of, find_destinations, refuses
from bot.checks.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import dns.name
    from dns.rdatatype import RdataType

    from bot.dns.answer import Answer
    from bot.names import Domain
    from bot.records.mail_server import MailServer


async def find_missing_consents(
    domain: Domain,
    server: MailServer,
    ask: Callable[[dns.name.Name, RdataType], Awaitable[Answer]],
) -> tuple[dns.name.Name, ...]:
    """Return the report hosts of the handed-out record that do not take this domain's reports.

    A host whose DNS could not be asked is left out, as nobody knows, and so is one at which the
    record's name would be too long, as nobody can publish it.
    """
    record = parse_record(server.dmarc)
    if record is None:
        return ()
    walked = await asyncio.gather(*(ask(name, TXT) for name in walk_names(domain)))
    organization = discover(Observation.of(domain, walked)).organization
    destinations = find_destinations(record, domain.name, organization)
    names = [destination.name for destination in destinations if destination.name is not None]
    answers = await asyncio.gather(*(ask(name, TXT) for name in names))
    observed = Observation.of(domain, [*walked, *answers])
    return tuple(
        destination.host
        for destination in destinations
        if authorisation_of(observed, destination) is not None and refuses(observed, destination)
    )
