"""Zones made to deceive: what is not proven right is not green, and opens no strict policy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.checks.finding import Check
from bot.requests.dmarc_readiness import judge_readiness
from deceiving_zones import DeceivingZone, check_zone, load_deceiving

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = load_deceiving("adversarial.yaml")


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
async def test_a_zone_made_to_deceive_is_judged_as_it_is(zone: DeceivingZone) -> None:
    report = await check_zone(zone, lambda: NOW)
    result = next(r for r in report.results if r.check is zone.check)
    found = [(f.code, f.severity.value) for f in report.findings if f.check is zone.check]
    assert zone.accepts(result.status), (result.status, found)
    if zone.check in {Check.SPF, Check.DKIM} and not zone.is_green:
        assert not judge_readiness(report).allows_strict, found
