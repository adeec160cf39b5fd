"""A domain on which nothing is wrong is told so where its name servers are asked as well."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest

from bot.checks.finding import Status
from bot.checks.observe.questions import MOST_QUESTIONS
from deceiving_zones import DOMAIN, FILE, KNOWN
from name_server_world import name_servers
from scripted_server import respond
from working_zones import make_working_zones

if TYPE_CHECKING:
    from collections.abc import Iterable

NUMBER, SEED = 200, 20261129  # as where a resolver alone is asked
STEP = 8  # every eighth of them
FULL = (127, 140, 196)  # those that come to the most questions
PROVIDER = "ns1.key-zone.example."


def refer(zones: Iterable[dns.name.Name], query: dns.message.Message, reply: bytes) -> list[bytes]:
    """Answer with a referral where the name lies in one of these zones below the domain."""
    name = query.question[0].name
    for zone in zones:
        if name.is_subdomain(zone):
            servers = dns.rrset.from_text(zone, 3600, "IN", "NS", PROVIDER)
            return [respond(query, flags=dns.flags.Flag(0), authority=(servers,))]
    return [reply]


@pytest.mark.parametrize("number", [*range(0, NUMBER, STEP), *FULL])
async def test_a_working_domain_gives_no_alarm_with_its_name_servers(number: int) -> None:
    zones = make_working_zones(NUMBER, SEED)[number]
    text = zones[DOMAIN.ascii].splitlines()
    below = [dns.name.from_text(name) for name in zones if name.endswith(f".{DOMAIN.ascii}")]
    async with name_servers(FILE, 2 + number % 3) as world:
        world.elsewhere = zones
        for server in world.servers:
            server.lines = [line for line in text if not line.startswith("@ NS")]
            server.twist = partial(refer, below)
        world.tell_resolver()
        report = await world.checker.check(DOMAIN, KNOWN)
        assert all(server.asked for server in world.servers)
    alarms = [f.code for f in report.findings if f.severity.rank > Status.INFO.rank]
    assert alarms == [], zones[DOMAIN.ascii]
    assert report.queries <= MOST_QUESTIONS
