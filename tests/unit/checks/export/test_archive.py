"""Reports as they are kept: whole where they are small, cut where a zone made them large."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.export.archive import (
    LARGEST,
    LONGEST,
    dump_finding,
    dump_report,
    load_finding,
    load_report,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, ServerCheck, Status
from bot.checks.report import CheckResult, Report
from bot.names import Domain

if TYPE_CHECKING:
    from bot.errors import Fact

NAME = dns.name.from_text("friend.example")
TEXTS = (
    "a" * 60_000,
    "\x01" * 60_000,
    "\\" * 60_000,
    "牛" * 20_000,
    "牛" * 2_000,
    '"' * 60_000,
    "\U0001f42e" * 9000,
)


def report_of(*texts: str, findings: int = 1, fixes: tuple[Fix, ...] = ()) -> Report:
    facts: dict[str, Fact] = {"text": texts[0], "texts": texts, "count": 7, "own": True, "to": None}
    return Report(
        domain=Domain(NAME),
        zone=NAME,
        checked_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        results=tuple(
            CheckResult(check, Status.FAIL, ("ours",), texts, Note("blocked", facts))
            for check in Check
        ),
        findings=tuple(
            Finding(Check.SPF, f"spf-{n}", Status.FAIL, facts, fixes) for n in range(findings)
        ),
        queries=27,
        elapsed_ms=143,
        name_servers=texts,
    )


def test_a_report_of_usual_texts_comes_back_whole() -> None:
    fix = Fix(FixAction.REPLACE, NAME, "TXT", "v=spf1 -all", old="v=spf1 +all", old_owner=NAME)
    report = report_of("v=spf1 +all", "second", findings=3, fixes=(fix,))
    assert load_report(dump_report(report)) == report


@pytest.mark.parametrize("text", TEXTS)
def test_a_long_text_is_cut_by_its_octets_in_the_store(text: str) -> None:
    kept = load_report(dump_report(dataclasses.replace(report_of("short"), name_servers=(text,))))
    (cut,) = kept.name_servers
    assert cut.endswith("…")
    assert text.startswith(cut[:-1])
    size = len(json.dumps(cut, ensure_ascii=False).encode()) - 2
    assert LONGEST - 16 < size <= LONGEST


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("texts", "findings"), [(1, 1), (50, 30), (400, 400)])
def test_a_report_is_no_larger_than_may_be(text: str, texts: int, findings: int) -> None:
    report = report_of(*[text] * texts, findings=findings)
    written = dump_report(report)
    assert len(written.encode()) <= LARGEST
    kept = load_report(written)
    assert [result.status for result in kept.results] == [Status.FAIL] * len(Check)
    assert [f.code for f in kept.findings] == [f"spf-{n}" for n in range(len(kept.findings))]


def test_a_value_to_type_is_kept_whole_or_not_at_all() -> None:
    whole = Fix(FixAction.REPLACE, NAME, "TXT", "v" * LONGEST, old="o" * 60_000)
    too_long = Fix(FixAction.ADD, NAME, "TXT", "v" * (LONGEST + 1))
    (finding,) = load_report(dump_report(report_of("x", fixes=(too_long, whole)))).findings
    (fix,) = finding.fixes
    assert fix.value == whole.value
    assert fix.old is not None
    assert len(fix.old.encode()) <= LONGEST


def test_what_an_earlier_version_kept_proves_nothing_and_excuses_nothing() -> None:
    raw = json.loads(dump_report(report_of("v=spf1 +all")))
    for result in raw["results"]:
        del result["is_proven"]
        del result["ttl"]
    for finding in raw["findings"]:
        del finding["harmless"]
    kept = load_report(json.dumps(raw))
    assert not any(result.is_proven for result in kept.results)
    assert {result.ttl for result in kept.results} == {None}
    assert not any(finding.harmless for finding in kept.findings)


def test_for_how_long_caches_keep_it_comes_back() -> None:
    report = report_of("v=spf1 ~all")
    results = tuple(dataclasses.replace(result, ttl=900) for result in report.results)
    lasting = dataclasses.replace(report, results=results)
    assert load_report(dump_report(lasting)) == lasting
    assert load_report(dump_report(lasting)).ttl_of(Check.SPF) == 900


def test_proof_and_excuse_come_back_as_they_were() -> None:
    report = report_of("v=spf1 ~all")
    results = tuple(dataclasses.replace(result, is_proven=True) for result in report.results)
    findings = tuple(dataclasses.replace(finding, harmless=True) for finding in report.findings)
    proven = dataclasses.replace(report, results=results, findings=findings)
    assert load_report(dump_report(proven)) == proven


def test_more_texts_than_a_card_shows_are_left_out_from_the_end() -> None:
    texts = tuple(f"text {number}" for number in range(30))
    kept = load_report(dump_report(report_of(*texts)))
    assert kept.name_servers == texts[:20]
    assert kept.results[0].found == texts[:20]
    assert kept.findings[0].facts["texts"] == texts[:20]


def test_where_findings_are_too_many_the_first_half_is_kept_of_what_there_is_room_for() -> None:
    report = report_of(*["x" * 64] * 4, findings=400)
    kept = load_report(dump_report(report))
    assert len(kept.findings) in {25, 50, 100, 200}
    doubled = dataclasses.replace(report, findings=report.findings[: 2 * len(kept.findings)])
    assert len(load_report(dump_report(doubled)).findings) == len(kept.findings)


@pytest.mark.parametrize("check", [Check.SPF, ServerCheck.SPF, ServerCheck.PORTS])
def test_a_finding_alone_comes_back_whole(check: Check | ServerCheck) -> None:
    fix = Fix(FixAction.REPLACE, NAME, "TXT", "v=spf1 -all", old="v=spf1 +all", old_owner=NAME)
    facts: dict[str, Fact] = {"terms": ("mx", "-all"), "count": 7, "own": True, "to": None}
    finding = Finding(check, "spf-plus-all", Status.FAIL, facts, (fix,), seen_after=300)
    assert load_finding(dump_finding(finding)) == finding
    assert type(load_finding(dump_finding(finding)).check) is type(check)


@pytest.mark.parametrize("text", TEXTS)
def test_a_finding_alone_is_short_whatever_a_zone_holds(text: str) -> None:
    (finding,) = report_of(*[text] * 90).findings
    assert len(dump_finding(finding).encode()) < LARGEST
