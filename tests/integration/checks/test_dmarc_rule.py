"""One rule for DMARC: over all faulty zones no surface hands out more than it, nor weakens any."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.checks.compile import compile_report
from bot.checks.dmarc.record import discover, find_records, parse_record
from bot.checks.finding import Check, FixAction, Status
from bot.checks.observe.domain import observe
from bot.checks.report import prove
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.records.dmarc_policy import POLICY_TAGS, DmarcPolicy, policy_to_hand_out
from bot.records.expected import Purpose, expect
from bot.requests.dmarc_readiness import judge_readiness
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER
from displaced_zones import DISPLACED_ZONES
from faulty_records import FAULTY_RECORDS
from faulty_zones import FAULTY_ZONES
from mended_zone import read_zone, zone_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.observation import Observation
    from bot.checks.report import Report
    from faulty_records import Fault
    from mended_zone import Zone

FAULTS = (*FAULTY_RECORDS, *FAULTY_ZONES, *DISPLACED_ZONES)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORDER = tuple(DmarcPolicy)
SOME = 3  # every third zone is enough for a rule that all of them share
STAGES = (None, *ORDER)


async def look(zone: Zone, more: Mapping[str, str], servfail: Iterable[str] = ()) -> Observation:
    texts = {DOMAIN.ascii: "", **zone_texts(zone)}
    zones = Zones.of({**FILE.base_zones, **more, **texts}, servfail=servfail)
    async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
        return await observe(resolver.ask, expect(SERVER, DOMAIN, KNOWN, "reject"))


def strictest(text: str) -> DmarcPolicy:
    """Return the strictest policy in a value."""
    record = parse_record(text)
    assert record is not None, text
    policies = (record.policy(tag) for tag in POLICY_TAGS)
    return max(filter(None, policies), key=ORDER.index)


def policy_of(text: str) -> DmarcPolicy:
    record = parse_record(text)
    policy = None if record is None else record.policy("p")
    assert policy is not None, text
    return policy


def in_force(observed: Observation) -> DmarcPolicy:
    return DmarcPolicy(discover(observed).in_force or "none")


def values(report: Report) -> list[str]:
    """Return the DMARC records that the steps have somebody type."""
    fixes = (fix for finding in report.findings for fix in finding.fixes)
    typed = (fix for fix in fixes if fix.type == "TXT" and fix.action is not FixAction.DELETE)
    return [fix.value for fix in typed if parse_record(fix.value) is not None]


def assert_ruled(observed: Observation, stage: DmarcPolicy | None) -> None:
    """Check that what is expected, typed, handed out and approved follows the one rule."""
    expected = expect(SERVER, DOMAIN, KNOWN, stage)
    report = compile_report(expected, observed, NOW, 7)
    spf, dkim = report.proves(Check.SPF), report.proves(Check.DKIM)
    rule = policy_to_hand_out(spf_proven=spf, dkim_proven=dkim, approved=stage)
    record = prove(expected, report).record(Purpose.DMARC)
    assert record is not None
    assert strictest(record.value) is rule
    shown = [text for r in report.results if r.check is Check.DMARC for text in r.expected]
    assert shown in ([], [record.value])
    assert str(rule) in judge_readiness(report).stages
    kept = in_force(observed)
    own = [found.text for found in find_records(observed.answer(record.owner, "TXT"))]
    most = max((rule, kept, *map(strictest_or_none, own)), key=ORDER.index)
    for value in values(report):
        assert not max(rule, kept, key=ORDER.index).weaker_than(policy_of(value)), value
        assert not most.weaker_than(strictest(value)), value
        if spf and dkim:
            assert not policy_of(value).weaker_than(kept), value
    for finding in report.findings:
        if finding.code == "dmarc-missing":
            assert [policy_of(value) for value in values(report)] == [rule]
        if finding.code == "dmarc-policy-none":
            planned = rule is DmarcPolicy.NONE
            assert finding.severity is (Status.INFO if planned else Status.WARN)
            assert bool(finding.fixes) is not planned


def strictest_or_none(text: str) -> DmarcPolicy:
    """Return the strictest policy that receivers apply, to the domain or to names below it."""
    record = parse_record(text)
    is_applied = record is not None and not record.invalid_policies and not record.testing
    return strictest(text) if is_applied else DmarcPolicy.NONE


@pytest.mark.parametrize("fault", FAULTS[::SOME], ids=lambda fault: fault.title)
def test_no_step_for_a_faulty_zone_is_stricter_than_the_rule(fault: Fault) -> None:
    observed = asyncio.run(look(fault.zone, fault.more))
    for stage in STAGES:
        assert_ruled(observed, stage)


def test_no_step_for_a_case_is_stricter_than_the_rule(collected_case: Any) -> None:
    observed = asyncio.run(look(read_zone(collected_case.zone), {}, collected_case.servfail))
    for stage in STAGES:
        assert_ruled(observed, stage)
