"""Asks in which zone a domain lies, and at which name servers, where no whole check is needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.observation import Observation
from bot.checks.zone_place import ZonePlace
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.dns.answer import Answer
    from bot.names import Domain

TIMEOUT = 2.0  # seconds; records can be told without knowing where they are typed


async def find_place(
    ask: Callable[[dns.name.Name, dns.rdatatype.RdataType], Awaitable[Answer]], domain: Domain
) -> ZonePlace:
    """Return the zone of a domain, after at most two questions and `TIMEOUT` seconds."""
    try:
        async with asyncio.timeout(TIMEOUT):
            answers = [await ask(domain.name, dns.rdatatype.NS)]
            zone = Observation.of(domain, answers).zone
            if zone != domain.name and not is_public_suffix(zone):
                answers.append(await ask(zone, dns.rdatatype.NS))
    except TimeoutError:
        return ZonePlace(domain.name)
    return ZonePlace.of_answers(domain, answers)
