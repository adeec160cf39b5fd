"""Doing what a report says, step by step, mends the domain: faults from the wild and made up."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.txtbase import TXTBase
from hypothesis import given
from hypothesis import strategies as st

from beyond_the_zone import is_beyond_the_zone
from bot.checks.finding import Check, Status
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.records.presentation import quoted_parts
from bot.services.domain_check import Checker
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER
from displaced_zones import DISPLACED_ZONES
from examples import examples
from faulty_records import FAULTY_RECORDS
from faulty_zones import FAULTY_ZONES
from mended_zone import Record, clashes, mend, read_zone, right, zone_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.finding import Finding
    from bot.checks.report import Report
    from faulty_records import Fault
    from mended_zone import Zone

FAULTS = (*FAULTY_RECORDS, *FAULTY_ZONES, *DISPLACED_ZONES)
GRAVE = frozenset({Status.UNKNOWN, Status.WARN, Status.FAIL})
MOST_ROUNDS = (
    3  # a strict DMARC policy comes after the key, the next fault of an SPF after the last
)
CODES = {
    Status.FAIL: """
        domain-not-found no-records-yet
        apex-cname mx-missing mx-not-ours mx-domain-appended mx-to-cname mx-is-ip
        mx-priority-in-target mx-target-nxdomain mx-null mx-null-mixed mx-foreign-preferred
        spf-missing spf-multiple spf-not-authorised spf-syntax spf-non-ascii spf-leading-space
        spf-after-all spf-plus-all spf-open spf-too-many-lookups spf-include-missing spf-loop
        spf-type99
        dkim-missing dkim-truncated dkim-key-mismatch dkim-revoked dkim-multiple dkim-cname-broken
        dkim-quotes-in-key dkim-weak-key dmarc-before-dkim dmarc-multiple dmarc-syntax
        name-doubled mx-wrong-name spf-wrong-name dkim-wrong-name dmarc-wrong-name
        txt-literal-quotes txt-literal-backslash spf-blank-lost wildcard-txt wildcard-cname
        proxied-mail txt-too-long
    """,
    Status.WARN: """
        mx-foreign-backup mx-other-name spf-no-all dkim-weak-key dkim-test-flag dkim-multiple
        dmarc-missing spf-others-fail
        dmarc-policy-none dmarc-testing dmarc-rua-not-authorised dmarc-rua-syntax
        dmarc-cname-and-txt dmarc-subdomain-weaker dmarc-odd-tag dmarc-pct dmarc-psd
        webmail-wrong-target autodiscover-foreign autoconfig-foreign dkim-cname-and-txt
        wildcard-txt wildcard-cname proxied-mail
    """,
    Status.UNKNOWN: "servfail dns-timeout",
    Status.INFO: """
        spf-softfail spf-follows-mx dkim-unverified dkim-unknown dkim-no-key dmarc-policy-none
        dmarc-removed-tags did-you-mean optional-missing server-side wildcard-cname wildcard-address
    """,
}
ALL_CODES = frozenset(" ".join(CODES.values()).split())


async def check(zone: Zone, more: Mapping[str, str], servfail: Iterable[str] = ()) -> Report:
    texts = {DOMAIN.ascii: "", **zone_texts(zone)}
    zones = Zones.of({**FILE.base_zones, **more, **texts}, servfail=servfail)
    async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        return await checker.check(DOMAIN, KNOWN)


def grave(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity in GRAVE]


def assert_consistent(report: Report) -> None:
    """A status is the worst of its findings, and every status but pass has one."""
    alone = {"blocked", "follows-from"}  # unknown, as the domain itself is not to be judged
    for result in report.results:
        severities = [f.severity for f in report.findings if f.check is result.check]
        if not severities and result.note is not None and result.note.code in alone:
            assert result.status is Status.UNKNOWN
            assert {f.check for f in grave(report)} >= {Check.DELEGATION}
        else:
            worst = max(severities, key=lambda s: s.rank, default=Status.PASS)
            assert result.status is worst, result
    for finding in report.findings:
        known = CODES[finding.severity].split()
        assert finding.code in known or finding.code not in ALL_CODES, finding
    ranks = [finding.severity.rank for finding in report.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert report.queries <= 60


def assert_mended(zone: Zone, more: Mapping[str, str], report: Report) -> None:
    """Doing all that is said, a few times at most, leaves nothing worse than info.

    But for what nothing that is typed can mend.
    """
    for _ in range(MOST_ROUNDS):
        if all(is_beyond_the_zone(finding) for finding in grave(report)):
            return
        fixes = [fix for finding in report.findings for fix in finding.fixes]
        assert fixes, [finding.code for finding in grave(report)]
        olds = Counter((f.owner, f.type, f.old) for f in dict.fromkeys(fixes) if f.old)
        assert max(olds.values(), default=1) == 1, "two ways to mend one record"
        before, zone = clashes(zone), mend(zone, fixes)
        assert clashes(zone) <= before
        report = asyncio.run(check(zone, more))
        assert_consistent(report)
    assert grave(report) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_a_fault_is_named_first_and_mended_by_what_is_said(fault: Fault) -> None:
    report = asyncio.run(check(fault.zone, fault.more))
    assert_consistent(report)
    found = [finding.code for finding in grave(report)]
    assert found[:1] == ([] if fault.code is None else [fault.code])
    assert_mended(fault.zone, fault.more, report)


def test_every_case_is_mended_by_what_is_said(collected_case: Any) -> None:
    case = collected_case  # our own are followed step by step in test_plan_followed
    zone = read_zone(case.zone)
    report = asyncio.run(check(zone, {}, case.servfail))
    assert_consistent(report)
    assert [finding.code for finding in grave(report)][:1] == ([case.code] if case.code else [])
    if not case.servfail:
        assert_mended(zone, {}, report)


@st.composite
def damaged_zones(draw: st.DrawFn) -> Zone:
    """Return the right zone with some records dropped, doubled with a slip, or cut."""
    records: list[Record] = []
    for record in right():
        harm = draw(st.sampled_from(("none",) * 6 + ("drop", "double", "cut")))
        if harm == "drop" and record.type != "A":
            continue
        if harm in {"none", "double"} or not isinstance(record.rdata, TXTBase):
            records.append(record)
        if isinstance(record.rdata, TXTBase) and harm in {"double", "cut"}:
            text = b"".join(record.rdata.strings).decode()
            cut = text[: draw(st.integers(1, len(text) - 1))]
            records.append(Record.of(record.owner, "TXT", quoted_parts(cut)))
        if isinstance(record.rdata, MX) and harm == "double":
            target = draw(st.sampled_from(("mx.old.example.", "mail.friend.example.", ".")))
            records.append(Record.of(record.owner, "MX", f"{draw(st.integers(0, 20))} {target}"))
    return tuple(dict.fromkeys(records))


@given(damaged_zones())
@examples(0.25)
def test_whatever_was_dropped_doubled_or_cut_is_mended(zone: Zone) -> None:
    report = asyncio.run(check(zone, {}))
    assert_consistent(report)
    assert_mended(zone, {}, report)
