"""The DMARC readiness: strict stages need proof, and what is in the way is said."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.checks.finding import Check, Finding, Status, is_proof
from bot.checks.report import CheckResult, Report
from bot.errors import InvalidKey, RequestError
from bot.names import Domain
from bot.requests.approval import Approval
from bot.requests.dmarc_readiness import has_policy, judge_readiness
from bot.requests.kinds import KINDS
from bot.requests.model import Request, RequestKind, State
from strategies import RSA_1024

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")
KEY = f"v=DKIM1; k=rsa; p={RSA_1024}"


def make_report(
    *findings: Finding,
    unknown: frozenset[Check] = frozenset(),
    dmarc: tuple[str, ...] = (),
    domain: Domain = FRIEND,
) -> Report:
    def result(check: Check) -> CheckResult:
        severities = [f.severity for f in findings if f.check is check]
        if check in unknown:
            severities.append(Status.UNKNOWN)
        status = max(severities, key=lambda s: s.rank, default=Status.PASS)
        is_proven = is_proof(f for f in findings if f.check is check) and check not in unknown
        found = dmarc if check is Check.DMARC else ()
        return CheckResult(check, status, found=found, is_proven=is_proven)

    results = tuple(result(check) for check in Check)
    return Report(domain, domain.name, NOON, results, findings, 9, 9)


def finding(check: Check, code: str, severity: Status, *, harmless: bool = False) -> Finding:
    return Finding(check, code, severity, harmless=harmless)


WEAK = finding(Check.DKIM, "dkim-weak-key", Status.WARN, harmless=True)
SOFT = finding(Check.SPF, "spf-softfail", Status.INFO, harmless=True)
NO_ALL = finding(Check.SPF, "spf-no-all", Status.WARN, harmless=True)
NO_MX = finding(Check.MX, "mx-missing", Status.FAIL)


@pytest.mark.parametrize("findings", [(), (SOFT,), (NO_ALL,), (WEAK,), (NO_MX, SOFT, WEAK)])
def test_strict_stages_are_allowed_where_mail_of_ours_passes(findings: tuple[Finding, ...]) -> None:
    readiness = judge_readiness(make_report(*findings))
    assert readiness.allows_strict
    assert readiness.stages == ("none", "quarantine", "reject")
    assert readiness.in_the_way == ()


@pytest.mark.parametrize(
    ("check", "code", "severity"),
    [
        (Check.SPF, "spf-missing", Status.FAIL),
        (Check.SPF, "spf-follows-mx", Status.INFO),
        (Check.SPF, "server-side", Status.INFO),
        (Check.SPF, "spf-open", Status.FAIL),
        (Check.SPF, "spf-others-fail", Status.WARN),
        (Check.DKIM, "dkim-multiple", Status.WARN),
        (Check.SPF, "dns-timeout", Status.UNKNOWN),
        (Check.DKIM, "dkim-missing", Status.FAIL),
        (Check.DKIM, "dkim-weak-key", Status.FAIL),
        (Check.DKIM, "dkim-test-flag", Status.WARN),
        (Check.DKIM, "dkim-no-key", Status.INFO),
        (Check.DKIM, "dkim-unverified", Status.INFO),
        (Check.DKIM, "propagating", Status.INFO),
        (Check.DKIM, "a-code-of-tomorrow", Status.INFO),
    ],
)
def test_only_none_is_allowed_without_proof(check: Check, code: str, severity: Status) -> None:
    wrong = finding(check, code, severity)
    readiness = judge_readiness(make_report(NO_MX, SOFT, WEAK, wrong))
    assert not readiness.allows_strict
    assert readiness.stages == ("none",)
    assert readiness.in_the_way == (wrong,)


def test_a_fault_of_the_server_is_in_the_way_and_said() -> None:
    said = finding(Check.SERVER, "server-side", Status.INFO)
    good = make_report(said)
    results = tuple(
        dataclasses.replace(r, status=Status.INFO, is_proven=False) if r.check is Check.SPF else r
        for r in good.results
    )
    readiness = judge_readiness(dataclasses.replace(good, results=results))
    assert (readiness.stages, readiness.in_the_way) == (("none",), (said,))


def test_what_keeps_everything_unknown_is_what_is_in_the_way() -> None:
    cause = finding(Check.DELEGATION, "servfail", Status.UNKNOWN)
    readiness = judge_readiness(make_report(cause, unknown=frozenset({Check.SPF, Check.DKIM})))
    assert (readiness.stages, readiness.in_the_way) == (("none",), (cause,))


def test_a_policy_is_there_where_the_own_record_asks_for_it() -> None:
    strict = make_report(dmarc=("v=DMARC1; p=reject", "other text"))
    assert has_policy(strict, "reject")
    assert not has_policy(strict, "none")
    assert not has_policy(make_report(dmarc=()), "reject")
    assert not has_policy(make_report(dmarc=("v=DMARC1; p=none", "v=DMARC1; p=none")), "none")
    planned = finding(Check.DMARC, "dmarc-policy-none", Status.INFO)
    assert has_policy(make_report(planned, dmarc=("v=DMARC1; p=none",)), "none")
    wrong = finding(Check.DMARC, "dmarc-rua-syntax", Status.WARN)
    assert not has_policy(make_report(wrong, dmarc=("v=DMARC1; p=reject",)), "reject")


@pytest.mark.parametrize("code", ["propagating", "propagating-negative"])
def test_a_policy_that_receivers_do_not_see_yet_is_not_there(code: str) -> None:
    waits = finding(Check.DMARC, code, Status.INFO)
    assert not has_policy(make_report(waits, dmarc=("v=DMARC1; p=reject",)), "reject")
    other = finding(Check.DKIM, code, Status.INFO)
    assert has_policy(make_report(other, dmarc=("v=DMARC1; p=reject",)), "reject")


def approve(request: Request, approval: Approval, now: datetime) -> dict[str, Any]:
    return KINDS[request.kind].approve(approval, request, now)


def make_request(kind: RequestKind, **fields: object) -> Request:
    request = Request(1, kind, FRIEND, 100, 200, 1, State.PENDING, 1, NOON, NOON)
    return type(request)(**{name: getattr(request, name) for name in request.__slots__} | fields)


@pytest.mark.parametrize("stage", ["quarantine", "reject"])
def test_a_strict_stage_takes_a_fresh_report_of_that_domain(stage: str) -> None:
    request = make_request(RequestKind.DMARC)
    good = make_report()
    later = NOON + timedelta(minutes=15)
    fields = approve(request, Approval(stage=stage, report=good), later)
    assert fields == {"stage": stage, "by_hand": False}
    too_late = later + timedelta(seconds=1)
    other = make_report(domain=Domain.from_ascii("cow.example"))
    for report, now in ((None, NOON), (good, too_late), (other, NOON)):
        with pytest.raises(RequestError, match="request-check-too-old"):
            approve(request, Approval(stage=stage, report=report), now)
    bad = make_report(finding(Check.DKIM, "dkim-missing", Status.FAIL))
    with pytest.raises(RequestError, match="request-stage-too-early"):
        approve(request, Approval(stage=stage, report=bad), NOON)


def test_p_none_needs_no_report_and_no_other_word_is_a_policy() -> None:
    request = make_request(RequestKind.DMARC)
    assert approve(request, Approval(stage="none"), NOON)["stage"] == "none"
    for stage in (None, "", "REJECT", "reject; p=none", "p=none"):
        with pytest.raises(RequestError, match="request-stage-unknown"):
            approve(request, Approval(stage=stage), NOON)


def test_a_pasted_key_is_parsed_before_it_is_taken() -> None:
    request = make_request(RequestKind.DKIM)
    pasted = f'dkim._domainkey IN TXT ( "v=DKIM1; k=rsa; p=" "{RSA_1024}" )'
    fields = approve(request, Approval(value=pasted, selector=" Cow "), NOON)
    assert fields == {"by_hand": True, "value": KEY, "selector": "cow"}
    assert approve(request, Approval(value=KEY), NOON)["selector"] == "dkim"
    for value in ("", "hello", "v=DKIM1; p=", KEY[:60], "v=DMARC1; p=none"):
        with pytest.raises(InvalidKey):
            approve(request, Approval(value=value), NOON)
    for selector in ("a b", "a..b", ".", "ä", "-a", "a" * 101, "a/b"):
        with pytest.raises(RequestError, match="request-bad-selector"):
            approve(request, Approval(value=KEY, selector=selector), NOON)


def test_by_hand_a_key_has_to_be_pasted_and_a_second_try_keeps_it() -> None:
    request = make_request(RequestKind.DKIM)
    with pytest.raises(RequestError, match="request-key-missing"):
        approve(request, Approval(by_hand=True), NOON)
    pasted = make_request(RequestKind.DKIM, by_hand=True, value=KEY, selector="cow")
    again = approve(pasted, Approval(by_hand=True, again=True), NOON)
    assert again == {"by_hand": True, "value": KEY, "selector": "cow"}
