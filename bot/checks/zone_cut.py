"""The zones that begin below a domain's own: what is typed into its zone there, nobody sees.

Names such as `_domainkey` may be delegated to other name servers (RFC 1034 section 4.2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NS import NS

from bot.checks.answers import name_text
from bot.dns.owner_name import is_within, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.observation import Observation
    from bot.dns.owner_name import Owner


def zones_below(observed: Observation) -> tuple[dns.name.Name, ...]:
    """Return the apexes of other zones below that of the domain, the longest first.

    The SOA in a denial names the zone that denies (RFC 2308 section 3).
    """
    own = owner_of(observed.zone)
    found: dict[Owner, dns.name.Name] = {}
    for question, answer in observed.answers.items():
        if answer.chain or answer.alias_loop:
            continue
        zone = answer.zone if answer.absent else None
        if answer.found and question.rdtype == dns.rdatatype.SOA:
            zone = question.name
        if zone is None or (owner := owner_of(zone)) == own:
            continue
        if is_within(owner, own):
            found.setdefault(owner, zone)
    return tuple(sorted(found.values(), key=lambda zone: (-len(zone), zone)))


def zone_holding(owner: dns.name.Name, below: Iterable[dns.name.Name]) -> dns.name.Name | None:
    """Return which of the zones `below`, the longest first, holds a name; None for none of them."""
    return next((zone for zone in below if owner.is_subdomain(zone)), None)


def servers_of(observed: Observation, zone: dns.name.Name) -> tuple[str, ...]:
    """Return the names of a zone's name servers, sorted; none where nobody asked for them."""
    answer = observed.answer(zone, dns.rdatatype.NS)
    targets = (r.target for r in answer.rdatas if isinstance(r, NS)) if answer is not None else ()
    return tuple(sorted(map(name_text, targets)))
