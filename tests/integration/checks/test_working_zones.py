"""A domain on which nothing is wrong is told so, whatever habits its provider and owner have."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Status
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.services.domain_check import Checker
from deceiving_zones import DOMAIN, KNOWN, SERVER
from working_zones import make_working_zones

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.report import Report

NUMBER = 200
AT_ONCE = 25
SEED = 20261129


async def check(world: Mapping[str, str]) -> Report:
    async with (
        ZoneServer(Zones.of(world)) as server,
        Resolver([Server(*server.address)]) as resolver,
    ):
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        return await checker.check(DOMAIN, KNOWN)


@pytest.mark.parametrize("start", range(0, NUMBER, AT_ONCE))
def test_a_working_domain_gives_no_alarm(start: int) -> None:
    for world in make_working_zones(NUMBER, SEED)[start : start + AT_ONCE]:
        report = asyncio.run(check(world))
        alarms = [f.code for f in report.findings if f.severity.rank > Status.INFO.rank]
        assert alarms == [], world[DOMAIN.ascii]
        assert report.queries <= 60
