"""What test mails show of a domain, from their rows alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import RequestError
from bot.names import Domain
from bot.requests.approval import Approval, note_approval
from bot.requests.kinds import KINDS
from bot.requests.mail_proof import (
    MailProof,
    MailProofKind,
    MailTest,
    MailTestState,
    weigh_tests,
)
from bot.requests.model import Request, RequestKind, State
from zone_reports import DKIM, DMARC, MX, SPF, report_on

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND, OTHER = Domain.from_ascii("friend.example"), Domain.from_ascii("other.example")
K = MailProofKind


def arrived(days_ago: float, *, passed: bool = True, **fields: Any) -> MailTest:
    at = NOON - timedelta(days=days_ago)
    test = MailTest(
        *(1, 7, FRIEND, at, at + timedelta(minutes=30), MailTestState.ARRIVED),
        from_domain=FRIEND,
        passed=passed,
        arrived_at=at,
    )
    return replace(test, **fields)


@pytest.mark.parametrize(
    ("tests", "kind"),
    [
        ((), K.NONE),
        ((arrived(1),), K.PASSED),
        ((arrived(7),), K.PASSED),
        ((arrived(7.01),), K.OLD),
        ((arrived(1, passed=False),), K.FAILED),
        ((arrived(2), arrived(1, passed=False)), K.PASSED),
        ((arrived(9), arrived(1, passed=False)), K.FAILED),
        ((arrived(1, passed=False), arrived(9)), K.FAILED),
        ((arrived(1, from_domain=OTHER),), K.NONE),
        ((arrived(1, domain=OTHER),), K.NONE),
        ((arrived(1, domain=None),), K.PASSED),
        ((arrived(1, from_domain=None),), K.NONE),
        ((arrived(1, state=MailTestState.WAITING),), K.NONE),
        ((arrived(1, state=MailTestState.ENDED),), K.NONE),
    ],
)
def test_a_mail_of_the_domain_that_passed_within_a_week_counts(
    tests: tuple[MailTest, ...], kind: MailProofKind
) -> None:
    proof = weigh_tests(tests, FRIEND, NOON)
    assert proof.kind is kind
    assert proof.is_enough is (kind is K.PASSED)
    assert weigh_tests(tuple(reversed(tests)), FRIEND, NOON) == proof


@pytest.mark.parametrize("kind", list(K))
@pytest.mark.parametrize("accepts_risk", [False, True])
def test_a_strict_policy_takes_a_passed_mail_or_an_admin_who_knows(
    kind: MailProofKind, *, accepts_risk: bool
) -> None:
    report = report_on(MX, SPF, DKIM, DMARC)
    request = Request(
        *(1, RequestKind.DMARC, report.domain, 100, 200, 1, State.PENDING, 1, NOON, NOON)
    )
    proof = MailProof(kind)
    approval = Approval("reject", report, accepts_risk=accepts_risk, mail_proof=proof)
    approve = KINDS[RequestKind.DMARC].approve
    if not (proof.is_enough or accepts_risk):
        with pytest.raises(RequestError, match="request-test-mail-missing"):
            approve(approval, request, report.checked_at)
        return
    fields = approve(approval, request, report.checked_at)
    untested = "" if proof.is_enough else ", no test mail"
    assert note_approval(approval, fields) == f"p=reject{untested}"
    weak = replace(approval, stage="none", accepts_risk=False)
    assert note_approval(weak, approve(weak, request, report.checked_at)) == "p=none"
