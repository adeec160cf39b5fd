"""What the mail server's operator offers decides what a report asks for, never what it judges."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.checks.compile import compile_report
from bot.checks.finding import OFFERABLE, Check, Finding, Status, Verdict
from bot.checks.observe.domain import observe
from bot.checks.optional.unoffered_records import leave_out_unoffered
from bot.checks.report import gaps, is_all_right
from bot.records.expected import expect
from bot.words import Words
from zone_reports import (
    ALIASES,
    CONTEXT,
    DKIM,
    DMARC,
    DOMAIN,
    HOST,
    KEY,
    MX,
    NOW,
    SERVER,
    SPF,
    WORLD,
    LinesAsk,
    result,
)

if TYPE_CHECKING:
    from bot.checks.report import Report

NEEDED = (MX, SPF, DKIM, DMARC)
FOREIGN = """
mail.friend.example CNAME other.example.
_imaps._tcp.friend.example SRV 0 1 993 other.example.
"""


def report_offering(*offer: str, parts: tuple[str, ...] = NEEDED) -> Report:
    expected = expect(replace(SERVER, offer=frozenset(offer)), DOMAIN, KEY)
    observed = asyncio.run(observe(LinesAsk("".join((HOST, WORLD, *parts))), expected))
    return compile_report(expected, observed, NOW, 7)


def missing(report: Report, *, offered: bool) -> list[str]:
    found = (f for f in report.findings if f.code == "optional-missing")
    return [f.check.value for f in found if f.facts["offered"] is offered]


def test_nothing_is_to_be_typed_where_no_optional_record_is_offered() -> None:
    report = report_offering()
    assert is_all_right(report)
    assert missing(report, offered=False) == list(OFFERABLE)
    assert [finding.fixes for finding in report.findings] == [()] * len(OFFERABLE)
    assert report.remarks == ()
    assert [r.check.value for r in report.shown_results] == [
        *("delegation", "mx", "spf", "dkim", "dmarc", "server")
    ]
    assert all(result(report, Check(word)).expected == () for word in OFFERABLE)


def test_every_status_but_pass_keeps_its_finding_and_words_for_it() -> None:
    report = report_offering("webmail")
    for line in report.results:
        own = [finding for finding in report.findings if finding.check is line.check]
        assert bool(own) is (line.status is not Status.PASS)
        for finding in own:
            assert Words().finding(finding, CONTEXT)


@pytest.mark.parametrize("word", OFFERABLE)
def test_what_is_offered_and_not_there_is_told(word: str) -> None:
    report = report_offering(word)
    assert missing(report, offered=True) == [word]
    told = {finding.check.value for finding in report.remarks} | set(gaps(report.findings))
    assert told == {word}


def test_what_is_there_is_judged_though_it_is_not_offered() -> None:
    report = report_offering(parts=(*NEEDED, FOREIGN))
    assert [f.code for f in report.steps] == ["webmail-wrong-target", "srv-foreign"]
    assert all(finding.fixes for finding in report.steps)
    assert result(report, Check.WEBMAIL).expected == ("mx1.cow.example.",)
    right = report_offering(parts=(*NEEDED, ALIASES))
    statuses = {result(right, Check(word)).status for word in OFFERABLE[:3]}
    assert statuses == {Status.PASS}


def test_no_second_autodiscover_record_is_spoken_of_where_none_is_offered() -> None:
    half = "autodiscover.friend.example CNAME mx1.cow.example.\n"
    assert result(report_offering(parts=(*NEEDED, half)), Check.AUTODISCOVER).note is None
    offering = report_offering("autodiscover", parts=(*NEEDED, half))
    assert result(offering, Check.AUTODISCOVER).note is not None


@pytest.mark.parametrize("code", ["wildcard-cname", "wildcard-address", "not-needed"])
def test_what_only_says_that_there_is_none_is_no_word_about_what_is_not_offered(code: str) -> None:
    verdict = Verdict(Check.WEBMAIL, (Finding(Check.WEBMAIL, code, Status.INFO),), expected=("x",))
    kept = leave_out_unoffered(verdict, replace(SERVER, offer=frozenset({"srv"})))
    assert [(f.code, f.facts["offered"]) for f in kept.findings] == [("optional-missing", False)]
    assert kept.expected == ()
    assert leave_out_unoffered(verdict, SERVER) == verdict
    harm = replace(verdict.findings[0], severity=Status.WARN)
    if code != "not-needed":
        harmful = replace(verdict, findings=(harm,))
        assert leave_out_unoffered(harmful, replace(SERVER, offer=frozenset())) == harmful


def test_a_domain_without_records_is_not_told_to_add_what_is_not_offered() -> None:
    report = report_offering(parts=())
    assert {fix.type for finding in report.findings for fix in finding.fixes} == {"MX", "TXT"}
