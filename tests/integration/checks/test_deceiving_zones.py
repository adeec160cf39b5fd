"""Zones made to deceive: what is not proven right is not green, and opens no strict policy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.checks.export.as_json import context_of
from bot.checks.finding import Check
from bot.requests.dmarc_readiness import judge_readiness
from bot.words import Words
from deceiving_zones import SERVER, DeceivingZone, check_zone, load_deceiving

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = (*load_deceiving("adversarial.yaml"), *load_deceiving("deceiving.yaml"))
# Warned of, but mail of ours passes, and forgeries fail DMARC all the same: neutral is no pass.
HARMLESS = {
    *("spf-question-all", "spf-redirect-neutral"),
    *("wide-include-neutral", "exists-neutral", "everybody-neutral"),
}


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
async def test_a_zone_made_to_deceive_is_judged_as_it_is(zone: DeceivingZone) -> None:
    report = await check_zone(zone, lambda: NOW)
    result = next(r for r in report.results if r.check is zone.check)
    found = [(f.code, f.severity.value) for f in report.findings if f.check is zone.check]
    assert zone.accepts(result.status), (result.status, found)
    assert not zone.first or [code for code, _ in found][:1] == [zone.first]
    strict = judge_readiness(report).allows_strict
    if zone.check in {Check.SPF, Check.DKIM}:
        assert strict is (zone.is_green or zone.name in HARMLESS), found
    for finding in report.findings:
        assert Words().finding(finding, context_of(report, SERVER))
