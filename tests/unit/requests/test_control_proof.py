"""What counts as control of a domain: a proof of who asks, an MX that names us alone, nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from bot.checks.finding import Check, Finding, Status
from bot.checks.report import CheckResult, Report
from bot.errors import RequestError
from bot.names import Domain
from bot.requests.control_proof import (
    BY_DNS,
    Control,
    ControlKind,
    ControlProof,
    names_us_alone,
    refuse_foreign,
    weigh_control,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")
MINE = ControlProof(FRIEND, 1, BY_DNS, NOON)
THEIRS = ControlProof(FRIEND, 2, BY_DNS, NOON - timedelta(days=1))
OURS = ("10 mx1.cow.example.",)


def report(
    status: Status, found: tuple[str, ...] = OURS, findings: tuple[Finding, ...] = ()
) -> Report:
    mx = CheckResult(Check.MX, status, expected=OURS, found=found)
    return Report(FRIEND, FRIEND.name, NOON, (mx,), findings, 1, 1)


RIGHT = report(Status.PASS)
WAITS = Finding(Check.MX, "propagating", Status.INFO, MappingProxyType({"until": None}))


@pytest.mark.parametrize(
    ("seen", "alone"),
    [
        (RIGHT, True),
        (report(Status.INFO), False),
        (report(Status.WARN), False),
        (report(Status.FAIL), False),
        (report(Status.UNKNOWN), False),
        (report(Status.PASS, found=()), False),
        (report(Status.PASS, findings=(WAITS,)), False),
        (Report(FRIEND, FRIEND.name, NOON, (), (), 1, 1), False),
    ],
)
def test_the_mx_counts_where_it_is_proven_to_name_us_alone(seen: Report, *, alone: bool) -> None:
    assert names_us_alone(seen) is alone
    expected = Control(ControlKind.MX, NOON) if alone else Control()
    assert weigh_control(None, seen) == expected


def test_the_proof_of_who_asks_goes_before_all_else() -> None:
    control = weigh_control(MINE, RIGHT, other=THEIRS)
    assert control == Control(ControlKind.PROVEN, MINE.since)


def test_anothers_proof_is_told_where_nothing_else_shows_control() -> None:
    other = Control(ControlKind.OTHER, THEIRS.since)
    assert weigh_control(None, None, other=THEIRS) == other
    assert weigh_control(None, report(Status.FAIL), other=THEIRS) == other
    assert weigh_control(None, RIGHT, other=THEIRS).kind is ControlKind.MX


@pytest.mark.parametrize(
    ("kind", "enough"),
    [
        (ControlKind.PROVEN, True),
        (ControlKind.MX, True),
        (ControlKind.OTHER, False),
        (ControlKind.NONE, False),
    ],
)
def test_an_admin_is_told_the_risk_without_a_proof_or_an_mx(
    kind: ControlKind, *, enough: bool
) -> None:
    assert Control(kind, NOON).is_enough is enough


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gmail.com", "request-domain-of-provider"),
        ("mail.icloud.com", "request-domain-of-provider"),
        ("co.uk", "request-domain-is-suffix"),
        ("dkim-factory.invalid", "request-domain-is-nobodys"),
        ("github.io", "request-domain-is-suffix"),
    ],
)
def test_what_is_nobodys_is_refused(name: str, code: str) -> None:
    with pytest.raises(RequestError, match=code):
        refuse_foreign(Domain.from_ascii(name))


@pytest.mark.parametrize("name", ["friend.example", "friend.co.uk", "gmail.com.friend.example"])
def test_a_members_own_domain_is_not(name: str) -> None:
    refuse_foreign(Domain.from_ascii(name))
