"""The optional records as a group: never worse than a warning, and few first questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.checks.finding import Check, Finding, Status
from bot.checks.optional import group
from bot.checks.report import CheckResult, Report
from bot.dns.answer import Outcome
from observed_domain import DOMAIN, EXPECTED, answered, seen


def test_nothing_here_is_ever_worse_than_a_warning() -> None:
    names = ("friend.example", "_imaps._tcp.friend.example", "_submission._tcp.friend.example")
    failed = [
        replace(answered(name, rdtype), outcome=Outcome.TIMEOUT)
        for name, rdtype in zip(names, ("DS", "SRV", "SRV"), strict=True)
    ]
    for verdict in group.judge(EXPECTED, seen(*failed)):
        assert verdict.check in group.EXTRAS
        assert verdict.status is not Status.FAIL
    assert [v.check for v in group.judge(EXPECTED, seen())] == [
        check for check in Check if check in group.EXTRAS
    ]


def test_the_first_questions_are_few() -> None:
    questions = group.first_questions(EXPECTED)
    assert len(questions) == len(set(questions)) == 8


def test_gaps_are_the_records_that_are_not_there_in_the_order_of_the_report() -> None:
    findings = [
        Finding(Check.CAA, "optional-missing", Status.INFO),
        Finding(Check.SRV, "optional-missing", Status.INFO),
        Finding(Check.TLS_RPT, "tls-rpt-syntax", Status.WARN),
        Finding(Check.WEBMAIL, "optional-missing", Status.INFO),
    ]
    assert group.gaps(findings) == (Check.SRV, Check.CAA)


def test_mail_lacks_nothing_where_only_optional_records_are_worth_a_remark() -> None:
    def report(**statuses: Status) -> Report:
        results = tuple(
            CheckResult(check, statuses.get(check.value, Status.PASS)) for check in Check
        )
        now = datetime(2026, 11, 23, tzinfo=UTC)
        return Report(DOMAIN, DOMAIN.name, now, results, (), queries=1, elapsed_ms=1)

    assert group.is_all_right(report(caa=Status.INFO))
    assert not group.is_all_right(report(caa=Status.WARN))
    assert not group.is_all_right(report(caa=Status.INFO, webmail=Status.INFO))
    assert not group.is_all_right(report())  # then there is nothing to remark on
