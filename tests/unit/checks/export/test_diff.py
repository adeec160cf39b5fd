"""What changed since an earlier report: by content, never by what differs from run to run."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.export.diff import EarlierReport, changes_as_dict, compare, read_reports
from bot.checks.finding import Status

FIX = {"action": "add", "name": "@", "type": "MX", "priority": 10, "value": "mx1.cow.example."}


def finding(
    code: str = "mx-missing",
    message: str = "No MX.",
    severity: str = "fail",
    *,
    check: str = "mx",
    fixes: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "check": check,
        "code": code,
        "severity": severity,
        "message": message,
        "fixes": [FIX] if fixes is None else fixes,
    }


def row(*findings: dict[str, Any], status: str = "fail", **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "domain": "friend.example",
        "checked_at": "2026-11-22T12:00:00Z",
        "status": status,
        "checks": {},
        "findings": list(findings),
        "queries": 27,
        "elapsed_ms": 143,
        **more,
    }


def earlier(*findings: dict[str, Any], **more: Any) -> EarlierReport:
    return read_reports([json.dumps(row(*findings, **more))])["friend.example"]


def test_the_same_report_at_another_time_is_no_change() -> None:
    now = row(finding(), checked_at="2026-11-23T08:30:00Z", queries=35, elapsed_ms=9000)
    changes = compare(earlier(finding()), now)
    assert changes.nothing
    assert (changes.new, changes.gone, changes.changed) == ((), (), ())


def test_another_order_of_keys_and_findings_and_a_reason_are_no_change() -> None:
    other = finding("spf-missing", "No SPF.", check="spf", fixes=[])
    turned = {**dict(reversed(FIX.items()))}
    explained = {**finding(fixes=[turned]), "why": "Because.", "reference": "https://x.example"}
    assert compare(earlier(finding(), other), row(other, explained)).nothing


def test_a_finding_can_be_new_gone_or_changed() -> None:
    before = earlier(finding(), finding("dkim-missing", "No key.", check="dkim"))
    now = row(
        finding(message="No MX at all."),
        finding("spf-missing", "No SPF.", check="spf", fixes=[]),
        status="warn",
    )
    changes = compare(before, now)
    assert [said.code for said in changes.new] == ["spf-missing"]
    assert [said.code for said in changes.gone] == ["dkim-missing"]
    ((was, is_now),) = changes.changed
    assert (was.message, is_now.message) == ("No MX.", "No MX at all.")
    assert (changes.earlier.status, changes.status) == (Status.FAIL, Status.WARN)
    assert not changes.nothing


@pytest.mark.parametrize(
    "now",
    [
        finding(severity="warn"),
        finding(message="Another."),
        finding(fixes=[{**FIX, "priority": 20}]),
        finding(fixes=[]),
    ],
)
def test_severity_words_and_steps_are_content(now: dict[str, Any]) -> None:
    changes = compare(earlier(finding()), row(now))
    assert (changes.new, changes.gone, len(changes.changed)) == ((), (), 1)
    assert not changes.nothing


def test_the_same_code_at_another_check_is_another_finding() -> None:
    changes = compare(
        earlier(finding("dns-timeout", check="mx")), row(finding("dns-timeout", check="spf"))
    )
    assert [said.check for said in changes.new] == ["spf"]
    assert [said.check for said in changes.gone] == ["mx"]


def test_of_several_findings_of_one_code_the_equal_ones_are_left_alone() -> None:
    a, b, c = (finding(message=text) for text in ("a", "b", "c"))
    changes = compare(earlier(a, b), row(b, c))
    ((was, is_now),) = changes.changed
    assert (was.message, is_now.message) == ("a", "c")
    twice = compare(earlier(a), row(a, a))
    assert [said.message for said in twice.new] == ["a"]


@pytest.mark.parametrize(
    ("before", "now"),
    [([], [finding()]), ([finding()], []), ([finding()], [finding(message="Another.")])],
)
def test_one_finding_is_a_change_where_the_status_is_the_same(
    before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> None:
    assert not compare(earlier(*before), row(*now)).nothing


def test_a_status_alone_is_a_change() -> None:
    assert not compare(earlier(status="info"), row(status="unknown")).nothing


findings = st.builds(
    finding,
    st.sampled_from(["mx-missing", "mx-null"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["fail", "warn"]),
)
several = st.lists(findings, max_size=6)


@given(before=several, after=several)
def test_every_finding_is_accounted_for_once(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    changes = compare(earlier(*before), row(*after))
    same = len(after) - len(changes.new) - len(changes.changed)
    assert same + len(changes.gone) + len(changes.changed) == len(before)
    assert same >= 0
    back = compare(earlier(*after), row(*before))
    assert len(back.new) == len(changes.gone)
    assert len(back.gone) == len(changes.new)


@given(all_of_them=several, seed=st.randoms())
def test_order_is_no_change(all_of_them: list[dict[str, Any]], seed: Any) -> None:
    shuffled = copy.copy(all_of_them)
    seed.shuffle(shuffled)
    assert compare(earlier(*all_of_them), row(*shuffled)).nothing


def test_the_json_says_findings_as_the_report_does() -> None:
    new = finding("spf-missing", "No SPF.", check="spf", fixes=[])
    changes = compare(earlier(finding()), row(finding(severity="warn"), new, status="warn"))
    assert changes_as_dict(changes) == {
        "checked_at": "2026-11-22T12:00:00Z",
        "status": "fail",
        "new": [new],
        "gone": [],
        "changed": [
            {
                "check": "mx",
                "code": "mx-missing",
                "before": {"severity": "fail", "message": "No MX.", "fixes": [FIX]},
                "now": {"severity": "warn", "message": "No MX.", "fixes": [FIX]},
            }
        ],
    }


def test_reports_are_read_by_domain_and_blank_lines_are_none() -> None:
    lines = [json.dumps(row()), "", json.dumps(row(domain="b.example")), "  "]
    found = read_reports(lines)
    assert set(found) == {"friend.example", "b.example"}
    assert found["b.example"].checked_at == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_of_several_reports_of_a_domain_the_latest_counts() -> None:
    times = ("2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z", "2026-11-21T12:00:00Z")
    found = read_reports([json.dumps(row(checked_at=time)) for time in times])
    assert found["friend.example"].checked_at.day == 22
    twice = [json.dumps(row(status=status)) for status in ("warn", "fail")]
    assert read_reports(twice)["friend.example"].status is Status.FAIL  # written last


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 2 is no JSON"),
        ('{"schema": 1', "line 2 is no JSON"),
        ("[" * 100_000, "line 2 is no JSON"),
        ("[1]", "line 2 is no report"),
        ("7", "line 2 is no report"),
        ("{}", "line 2 is no report"),
        (json.dumps(row(schema="1")), "line 2 is no report"),
        (json.dumps(row(schema=3)), "line 2 is a report of schema 3, and only schemas 1 and 2"),
        (json.dumps({"schema": 1}), "line 2 is no whole report"),
        (json.dumps(row(domain=7)), "line 2 is no whole report"),
        (json.dumps(row(status="fine")), "line 2 is no whole report"),
        (json.dumps({**row(), "status": []}), "line 2 is no whole report"),
        (json.dumps(row(checked_at="yesterday")), "line 2 is no whole report"),
        (json.dumps(row(checked_at=None)), "line 2 is no whole report"),
        (json.dumps(row(findings="x")), "line 2 is no whole report"),
        (json.dumps(row(findings={"a": 1})), "line 2 is no whole report"),
        (json.dumps(row({"check": "mx"})), "line 2 is no whole report"),
        (json.dumps(row({**finding(), "message": ["x"]})), "line 2 is no whole report"),
        (json.dumps(row({**finding(), "fixes": None})), "line 2 is no whole report"),
    ],
)
def test_a_line_that_is_no_report_is_named(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_reports([json.dumps(row()), line])


def test_a_file_without_any_report_is_said() -> None:
    with pytest.raises(ValueError, match="there is no report in it"):
        read_reports(["", " "])
