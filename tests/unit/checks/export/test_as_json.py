"""The report as the contract's JSON, to the letter."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import dns.name
import pytest

from bot.checks.export.as_json import fix_as_dict, report_as_dict
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status
from bot.checks.report import CheckResult, Report
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

ZONE = dns.name.from_text("friend.example.")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
MX = Fix(FixAction.ADD, ZONE, "MX", "mx1.cow.example.", priority=10, ttl=3600)
MISSING = Finding(Check.MX, "mx-missing", Status.FAIL, {"address": None}, (MX,))
NOTE = Note("spf-written-differently", {"term": "mx"})
RESULTS = (
    CheckResult(Check.MX, Status.FAIL, expected=("10 mx1.cow.example.",), ttl=600),
    CheckResult(Check.SPF, Status.PASS, (SERVER.spf,), ("v=spf1 mx -all",), NOTE),
)


def report(
    findings: Iterable[Finding] = (MISSING,),
    *,
    domain: str = "friend.example",
    checked_at: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC),
) -> Report:
    return Report(
        domain=Domain.parse(domain).domain,
        zone=ZONE,
        checked_at=checked_at,
        results=RESULTS,
        findings=tuple(findings),
        queries=27,
        elapsed_ms=143,
    )


def exported(what: Report) -> Any:
    return json.loads(json.dumps(report_as_dict(what, SERVER, Words())))


def at(label: str) -> dns.name.Name:
    return dns.name.from_text(label, ZONE)


def test_the_report_is_the_contracts_example_to_the_letter() -> None:
    row = exported(report())
    message = row["findings"][0].pop("message")
    assert "mx1.cow.example" in message
    assert row == {
        "schema": 1,
        "domain": "friend.example",
        "checked_at": "2026-11-22T12:00:00Z",
        "status": "fail",
        "checks": {
            "mx": {"status": "fail", "expected": ["10 mx1.cow.example."], "found": []},
            "spf": {
                "status": "pass",
                "expected": ["v=spf1 include:_spf.cow.example -all"],
                "found": ["v=spf1 mx -all"],
                "note": "written differently, but it allows our server (mx)",
            },
        },
        "findings": [
            {
                "check": "mx",
                "code": "mx-missing",
                "severity": "fail",
                "fixes": [
                    {
                        "action": "add",
                        "name": "@",
                        "type": "MX",
                        "priority": 10,
                        "value": "mx1.cow.example.",
                        "ttl": 3600,
                    }
                ],
            }
        ],
        "queries": 27,
        "elapsed_ms": 143,
    }


def test_keys_come_in_the_contracts_order() -> None:
    row = report_as_dict(report(), SERVER, Words())
    assert list(row) == [
        "schema",
        "domain",
        "checked_at",
        "status",
        "checks",
        "findings",
        "queries",
        "elapsed_ms",
    ]
    assert list(exported(report())["findings"][0]) == [
        "check",
        "code",
        "severity",
        "message",
        "fixes",
    ]


def test_the_time_is_utc_in_whole_seconds() -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 11, 23, 3, 0, 1, 999_999, tzinfo=there)
    assert exported(report(checked_at=moment))["checked_at"] == "2026-11-22T21:30:01Z"


def test_an_international_domain_is_named_in_ascii() -> None:
    assert exported(report(domain="bücher.example"))["domain"] == "xn--bcher-kva.example"


def test_a_finding_without_a_fix_has_an_empty_list() -> None:
    finding = Finding(Check.SPF, "spf-softfail", Status.INFO)
    (row,) = exported(report([finding]))["findings"]
    assert row["fixes"] == []
    assert row["severity"] == "info"


@pytest.mark.parametrize(
    ("fix", "row"),
    [
        (
            Fix(FixAction.ADD, at("_dmarc"), "TXT", "v=DMARC1; p=none", ttl=300),
            {
                "action": "add",
                "name": "_dmarc",
                "type": "TXT",
                "value": "v=DMARC1; p=none",
                "ttl": 300,
            },
        ),
        (
            Fix(FixAction.REPLACE, ZONE, "TXT", "new", ttl=300, old="old"),
            {
                "action": "replace",
                "name": "@",
                "type": "TXT",
                "value": "new",
                "old": "old",
                "ttl": 300,
            },
        ),
        (
            Fix(FixAction.DELETE, at("autodiscover"), "CNAME", "other.example."),
            {
                "action": "delete",
                "name": "autodiscover",
                "type": "CNAME",
                "value": "other.example.",
            },
        ),
        (
            Fix(
                FixAction.RENAME,
                at("dkim._domainkey"),
                "TXT",
                "v=DKIM1; p=x",
                old_owner=at("dkim"),
            ),
            {
                "action": "rename",
                "name": "dkim._domainkey",
                "old_name": "dkim",
                "type": "TXT",
                "value": "v=DKIM1; p=x",
            },
        ),
    ],
    ids=lambda value: value.action.value if isinstance(value, Fix) else "",
)
def test_each_action_has_its_own_fields_and_no_others(fix: Fix, row: dict[str, object]) -> None:
    assert fix_as_dict(fix, ZONE) == row


def test_a_rename_from_the_apex_keeps_its_old_name() -> None:
    fix = Fix(FixAction.RENAME, at("_dmarc"), "TXT", "v=DMARC1; p=none", old_owner=ZONE)
    assert fix_as_dict(fix, ZONE)["old_name"] == "@"


def test_zero_and_empty_text_are_values_too() -> None:
    row = fix_as_dict(Fix(FixAction.REPLACE, ZONE, "MX", ".", priority=0, ttl=0, old=""), ZONE)
    assert (row["priority"], row["ttl"], row["old"]) == (0, 0, "")


def test_names_are_relative_to_the_zone_and_not_to_the_domain() -> None:
    below = dns.name.from_text("team.friend.example.")
    fixes = (
        Fix(FixAction.ADD, below, "MX", "mx1.cow.example.", priority=10, ttl=3600),
        Fix(
            FixAction.ADD, dns.name.from_text("_dmarc", below), "TXT", "v=DMARC1; p=none", ttl=3600
        ),
    )
    finding = Finding(Check.MX, "mx-missing", Status.FAIL, {"address": None}, fixes)
    (row,) = exported(report([finding], domain="team.friend.example"))["findings"]
    assert [fix["name"] for fix in row["fixes"]] == ["team", "_dmarc.team"]


def test_a_name_outside_the_zone_comes_in_full() -> None:
    fix = Fix(FixAction.DELETE, dns.name.from_text("else.example."), "TXT", "x")
    assert fix_as_dict(fix, ZONE)["name"] == "else.example"


def test_a_message_makes_hostile_text_visible_and_never_renders_it() -> None:
    facts = {"address": "\x1b[31m{{ 7*7 }}\u202e"}
    finding = Finding(Check.MX, "mx-missing", Status.FAIL, facts)
    (row,) = exported(report([finding]))["findings"]
    assert r"\x1b[31m{{ 7*7 }}\u202e" in row["message"]
    assert "\x1b" not in row["message"]


def test_the_provider_is_said_where_the_name_servers_are_known() -> None:
    shown = dataclasses.replace(report(), name_servers=("ns1.hyp.net.", "ns2.hyp.net."))
    assert exported(shown)["provider"] == {
        "key": "domeneshop",
        "name": "Domeneshop",
        "name_servers": ["ns1.hyp.net.", "ns2.hyp.net."],
    }
    unknown = dataclasses.replace(report(), name_servers=("ns1.friend.example.",))
    assert exported(unknown)["provider"] == {
        "key": None,
        "name": None,
        "name_servers": ["ns1.friend.example."],
    }
    # The fixes stay neutral, whoever's the name servers are.
    assert exported(shown)["findings"] == exported(report())["findings"]
