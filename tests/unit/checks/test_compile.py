"""The report: causes before consequences, each fault said once, the same zone the same order."""

from __future__ import annotations

import dataclasses
import random
from types import MappingProxyType

import pytest

from bot.checks.compile import _say_once
from bot.checks.finding import EXTRAS, Check, Finding, FixAction, Note, Status
from bot.checks.report import is_all_right
from bot.dns.answer import Outcome
from bot.records.dkim_key import DkimKnowledge, KeyUnknown
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    DOMAIN,
    KEY,
    MX,
    NOW,
    SPF,
    codes,
    compiled,
    look,
    report_on,
    result,
    usual,
)


def test_a_domain_where_all_is_right_has_no_finding() -> None:
    report = report_on(MX, SPF, DKIM, DMARC, ALIASES)
    assert usual(report) == []
    assert is_all_right(report)
    assert {r.status for r in report.results if r.check not in EXTRAS} == {Status.PASS}
    assert {r.status for r in report.results if r.check in EXTRAS} == {Status.INFO}
    assert report.status is Status.INFO
    assert (report.domain, report.zone, report.checked_at) == (DOMAIN, DOMAIN.name, NOW)
    assert (report.elapsed_ms, report.queries) == (7, len(look(MX, SPF, DKIM, DMARC).answers))


@pytest.mark.parametrize("parts", [(MX, SPF, DKIM, DMARC, ALIASES), (MX,), ()])
def test_every_check_has_one_line_in_the_order_of_the_report(parts: tuple[str, ...]) -> None:
    assert [r.check for r in report_on(*parts).results] == list(Check)


def test_findings_come_by_severity_and_then_in_the_order_of_the_checks() -> None:
    report = report_on("friend.example A 203.0.113.80\n")
    assert codes(report) == [
        "mx-missing",
        "spf-missing",
        "dkim-missing",
        "dmarc-missing",
        "optional-missing",
        "optional-missing",
        "optional-missing",
    ]
    ranks = [finding.severity.rank for finding in report.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert report.status is Status.FAIL


def test_the_status_is_the_worst_of_all_checks() -> None:
    assert report_on(MX, SPF, DKIM, ALIASES).status is Status.WARN  # no DMARC
    assert report_on(MX, SPF, DKIM, DMARC).status is Status.INFO  # no aliases
    observed = look(MX, SPF, DKIM, ALIASES, failing={"_dmarc.friend.example": Outcome.TIMEOUT})
    assert compiled(observed).status is Status.UNKNOWN


def test_a_strict_policy_comes_before_the_missing_key_it_hangs_on() -> None:
    report = report_on(MX, SPF, DMARC, ALIASES)
    assert codes(report) == ["dmarc-before-dkim", "dkim-missing"]


def test_what_keeps_mail_out_altogether_comes_before_a_strict_policy() -> None:
    report = report_on(SPF, DMARC, ALIASES)
    assert codes(report) == ["mx-missing", "dmarc-before-dkim", "dkim-missing"]


def test_an_alias_at_the_domain_explains_the_records_it_hides() -> None:
    report = report_on("friend.example CNAME other.example.\n", DKIM, DMARC, ALIASES)
    assert codes(report)[0] == "apex-cname"
    assert not {"mx-missing", "spf-missing"} & set(codes(report))
    for check in (Check.MX, Check.SPF):
        hidden = result(report, check)
        assert hidden.status is not Status.PASS
        assert hidden.note == Note("follows-from", {"code": "apex-cname"})


def test_spf_that_rests_on_a_broken_mx_needs_no_step_of_its_own() -> None:
    record = 'friend.example TXT "v=spf1 mx -all"\n'
    report = report_on("friend.example MX 10 other.example.\n", record, DKIM, DMARC, ALIASES)
    assert [f.code for f in report.findings if f.severity is not Status.INFO] == ["mx-not-ours"]
    assert [f.fixes for f in report.findings if f.check is Check.SPF] in ([], [()])
    assert result(report, Check.SPF).status is not Status.PASS


@pytest.mark.parametrize("term", ["ip4:192.0.2.1", "mx:other.example", "a"])
def test_spf_that_does_not_rest_on_the_mx_is_a_fault_of_its_own(term: str) -> None:
    record = f'friend.example TXT "v=spf1 {term} -all"\n'
    address = "friend.example A 203.0.113.80\n"
    report = report_on(
        "friend.example MX 10 other.example.\n", record, address, DKIM, DMARC, ALIASES
    )
    assert codes(report) == ["mx-not-ours", "spf-not-authorised"]
    assert result(report, Check.SPF).note is None


@pytest.mark.parametrize(
    ("outcome", "code", "status"),
    [
        (Outcome.SERVFAIL, "servfail", Status.UNKNOWN),
        (Outcome.TIMEOUT, "dns-timeout", Status.UNKNOWN),
        (Outcome.REFUSED, "dns-refused", Status.UNKNOWN),
        (Outcome.NXDOMAIN, "domain-not-found", Status.FAIL),
    ],
)
def test_a_domain_that_cannot_be_looked_up_blocks_the_other_checks(
    outcome: Outcome, code: str, status: Status
) -> None:
    report = compiled(look(failing={"friend.example": outcome}))
    assert codes(report) == [code]
    first, *others = report.results
    assert (first.check, first.status, report.status) == (Check.DELEGATION, status, status)
    assert [r.check for r in others] == list(Check)[1:]
    for other in others:
        assert (other.status, other.note, other.found) == (Status.UNKNOWN, Note("blocked"), ())


def test_one_silent_name_blocks_only_its_own_check() -> None:
    failing = {"dkim._domainkey.friend.example": Outcome.SERVFAIL}
    report = compiled(look(MX, SPF, DKIM, DMARC, ALIASES, failing=failing))
    assert [(f.check, f.code) for f in usual(report)] == [(Check.DKIM, "servfail")]
    assert result(report, Check.MX).status is Status.PASS


MESSY = """
friend.example MX 5 other.example.
friend.example MX 10 mx1.cow.example.
friend.example TXT "v=spf1 mx ~all"
friend.example TXT "v=spf1 a -all"
friend.example TXT "site=1"
friend.example A 203.0.113.80
friend.example A 203.0.113.81
_dmarc.friend.example TXT "v=DMARC1; p=none"
_dmarc.friend.example TXT "v=DMARC1; p=reject"
dkim._domainkey.friend.example TXT "p="
dkim._domainkey.friend.example TXT "v=DKIM1; p=x"
mail.friend.example A 203.0.113.80
mail.friend.example A 203.0.113.81
_autodiscover._tcp.friend.example SRV 0 1 443 other.example.
_autodiscover._tcp.friend.example SRV 0 1 443 mx1.cow.example.
"""


@pytest.mark.parametrize("zone", [MESSY, MX + SPF + DKIM + DMARC + ALIASES, ""])
@pytest.mark.parametrize("dkim", [KEY, KeyUnknown()])
def test_the_report_does_not_depend_on_the_order_of_answers(zone: str, dkim: DkimKnowledge) -> None:
    observed = look(zone, dkim=dkim)
    first = compiled(observed, dkim)
    shuffler = random.Random(7)
    for _ in range(10):
        answers = list(observed.answers.items())
        shuffler.shuffle(answers)
        again = dataclasses.replace(observed, answers=MappingProxyType(dict(answers)))
        assert compiled(again, dkim) == first


def test_the_findings_do_not_depend_on_the_order_of_records_in_an_answer() -> None:
    first = report_on(MESSY)
    shuffler = random.Random(7)
    for _ in range(10):
        lines = MESSY.splitlines(keepends=True)
        shuffler.shuffle(lines)
        assert codes(report_on(*lines)) == codes(first)


# Everything typed with its full name where the provider appends the zone.
DOUBLED = (
    "friend.example.friend.example MX 10 mx1.cow.example.\n"
    'friend.example.friend.example TXT "v=spf1 include:_spf.cow.example -all"\n'
    '_dmarc.friend.example.friend.example TXT "v=DMARC1; p=none; rua=mailto:dmarc@cow.example"\n'
)


def test_a_cause_that_several_records_share_is_said_of_all_of_them_by_the_first_alone() -> None:
    report = report_on(DOUBLED, DKIM)
    shared = [finding for finding in report.findings if finding.code == "name-doubled"]
    assert [finding.check for finding in shared] == [Check.MX, Check.SPF, Check.DMARC]
    first, *others = shared
    assert first.facts["repeat"] is False
    assert [(fix.action, fix.type) for fix in first.fixes] == [
        (FixAction.RENAME, "MX"),
        (FixAction.RENAME, "TXT"),
        (FixAction.RENAME, "TXT"),
    ]
    assert first.facts["names"] == ("friend.example", "_dmarc.friend.example")
    assert first.facts["others"] == (
        "friend.example.friend.example",
        "_dmarc.friend.example.friend.example",
    )
    for other in others:
        assert (other.facts["repeat"], other.fixes) == (True, ())
    own = [("friend.example",), ("_dmarc.friend.example",)]
    assert [other.facts["names"] for other in others] == own


def test_a_cause_that_befell_one_record_alone_keeps_its_step() -> None:
    report = report_on(DOUBLED.splitlines(keepends=True)[0], SPF, DKIM, DMARC, ALIASES)
    (finding,) = (f for f in report.findings if f.code == "name-doubled")
    assert (finding.check, len(finding.fixes)) == (Check.MX, 1)
    assert not finding.facts.get("repeat")


def test_findings_of_other_codes_keep_their_own_steps_beside_each_other() -> None:
    report = report_on("friend.example A 203.0.113.80\n")
    for check in (Check.MX, Check.SPF, Check.DKIM):
        (finding,) = (f for f in report.findings if f.check is check)
        assert len(finding.fixes) == 1


def test_what_is_only_worth_knowing_is_no_part_of_a_shared_cause() -> None:
    names = [{"names": (name,)} for name in ("a.example", "b.example", "c.example")]
    worth_knowing = Finding(Check.WEBMAIL, "wildcard-cname", Status.INFO, names[0])
    missing = Finding(Check.DKIM, "wildcard-cname", Status.FAIL, names[1])
    assert _say_once([missing, worth_knowing]) == (missing, worth_knowing)
    other = Finding(Check.DMARC, "wildcard-cname", Status.WARN, names[2])
    first, second, third = _say_once([missing, other, worth_knowing])
    assert first.facts["names"] == ("b.example", "c.example")
    assert (first.facts["repeat"], second.facts["repeat"]) == (False, True)
    assert third == worth_knowing
