"""What can be asked of a report: its steps, its remarks, what waits, and the server's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.checks.report import (
    CheckResult,
    Report,
    faults_of,
    find_propagation,
    gaps,
    is_all_right,
    seconds_left,
)
from zone_reports import DOMAIN, NOW

if TYPE_CHECKING:
    from collections.abc import Iterable

FIX = Fix(FixAction.ADD, DOMAIN.name, "MX", "mx1.cow.example.", 10)
GAP = Finding(Check.CAA, "optional-missing", Status.INFO, {}, (FIX,))
STEP = Finding(Check.MX, "mx-missing", Status.FAIL, {}, (FIX,))
UNOFFERED = Finding(Check.WEBMAIL, "optional-missing", Status.INFO, {"offered": False})
UNKNOWN = Finding(Check.SPF, "servfail", Status.UNKNOWN)
REMARK = Finding(Check.SPF, "spf-softfail", Status.INFO)


def make_report(*findings: Finding, results: Iterable[CheckResult] = ()) -> Report:
    return Report(DOMAIN, DOMAIN.name, NOW, tuple(results), findings, queries=1, elapsed_ms=1)


def test_steps_are_what_is_to_be_done_or_found_out_and_remarks_the_rest() -> None:
    report = make_report(STEP, UNKNOWN, REMARK, GAP)
    assert report.steps == (STEP, UNKNOWN)
    assert report.remarks == (REMARK, GAP)


def test_an_optional_record_that_is_not_there_leaves_nothing_to_type() -> None:
    assert not make_report(UNKNOWN, REMARK, GAP).has_fixes
    assert make_report(STEP, GAP).has_fixes
    assert gaps([STEP, GAP]) == (Check.CAA,)


def test_a_record_that_is_neither_there_nor_offered_is_shown_nowhere() -> None:
    results = [CheckResult(Check.MX, Status.PASS), CheckResult(Check.WEBMAIL, Status.INFO)]
    report = make_report(GAP, UNOFFERED, results=results)
    assert report.remarks == (GAP,)
    assert report.shown_results == (results[0],)
    assert gaps(report.findings) == (Check.CAA,)
    assert is_all_right(report)


@pytest.mark.parametrize(
    ("mx", "caa", "right"),
    [
        (Status.PASS, Status.INFO, True),
        (Status.INFO, Status.INFO, False),
        (Status.PASS, Status.WARN, False),
        (Status.FAIL, Status.INFO, False),
    ],
)
def test_all_is_right_where_optional_records_alone_are_remarked(
    mx: Status, caa: Status, *, right: bool
) -> None:
    results = (CheckResult(Check.MX, mx), CheckResult(Check.CAA, caa))
    assert is_all_right(make_report(results=results)) is right


def test_what_waits_for_caches_is_found_with_the_seconds_that_are_left() -> None:
    until = int(NOW.timestamp()) + 90
    waits = Finding(Check.MX, "propagating", Status.INFO, {"until": until})
    report = make_report(REMARK, waits)
    assert find_propagation(report, Check.MX) == waits
    assert find_propagation(report, Check.SPF) is None
    assert seconds_left(report, waits) == 90
    past = Finding(Check.MX, "propagating", Status.INFO, {"until": until - 100})
    assert seconds_left(report, past) == 0
    open_end = Finding(Check.MX, "propagating-negative", Status.INFO, {"until": None})
    assert seconds_left(report, open_end) is None


def test_the_servers_faults_are_those_that_its_own_finding_names() -> None:
    fault = Finding(Check.SERVER, "server-side", Status.INFO, {"what": ("a", "b")})
    assert faults_of(make_report(STEP, fault)) == ("a", "b")
    assert faults_of(make_report(STEP)) == ()
