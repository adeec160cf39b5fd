"""The report: causes before consequences, each fault said once, the same zone the same order."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections import defaultdict
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.checks.compile import compile_report
from bot.checks.finding import Check, Finding, Note, Status
from bot.checks.observe.domain import observe
from bot.checks.report import EXTRAS, CheckResult, Report, faults_of, is_all_right, is_extra_gap
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Words
from strategies import KEY_VALUES

if TYPE_CHECKING:
    from bot.checks.observation import Observation

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOMAIN = Domain.of("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
KEY = KnownKey("dkim", DkimRecord.parse(KEY_VALUES[0]), "--dkim")
HOST = """
mx1.cow.example A 198.51.100.25
mx1.cow.example AAAA 2001:db8:25::25
"""
WORLD = """
_spf.cow.example TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
friend.example._report._dmarc.cow.example TXT "v=DMARC1;"
other.example A 203.0.113.60
friend.example NS ns1.dns.example.
friend.example NS ns2.dns.example.
"""
MX = "friend.example MX 10 mx1.cow.example.\n"
SPF = 'friend.example TXT "v=spf1 include:_spf.cow.example -all"\n'
DKIM = f'dkim._domainkey.friend.example TXT "{KEY_VALUES[0][:200]}" "{KEY_VALUES[0][200:]}"\n'
DMARC = '_dmarc.friend.example TXT "v=DMARC1; p=reject; rua=mailto:dmarc@cow.example"\n'
ALIASES = """
mail.friend.example CNAME mx1.cow.example.
autoconfig.friend.example CNAME mx1.cow.example.
autodiscover.friend.example CNAME mx1.cow.example.
_autodiscover._tcp.friend.example SRV 0 1 443 mx1.cow.example.
"""


class Lines:
    """An Ask over lines of `owner TYPE rdata`, with aliases followed."""

    def __init__(self, text: str, failing: dict[str, Outcome] | None = None) -> None:
        self.records: dict[Question, list[dns.rdata.Rdata]] = defaultdict(list)
        for line in filter(str.strip, text.splitlines()):
            owner, rdtype, rdata = line.split(maxsplit=2)
            question = Question.of(owner, rdtype)
            self.records[question].append(dns.rdata.from_text("IN", rdtype, rdata))
        self.failing = failing or {}

    async def __call__(
        self, name: str | dns.name.Name, rdtype: str | dns.rdatatype.RdataType
    ) -> Answer:
        question = Question.of(name, rdtype)
        for end, outcome in self.failing.items():
            if question.name.is_subdomain(dns.name.from_text(end)):
                return Answer(question, outcome, server="192.0.2.53:53")
        owner, chain = question.name, []
        while (alias := self.records.get(Question(owner, dns.rdatatype.CNAME))) and (
            Question(owner, question.rdtype) not in self.records
        ):
            owner = getattr(alias[0], "target")  # noqa: B009 - it is a CNAME's
            chain.append(owner)
        if found := self.records.get(Question(owner, question.rdtype)):
            return Answer(question, Outcome.RECORDS, tuple(found), 3600, tuple(chain))
        known = any(q.name.is_subdomain(owner) for q in self.records)
        outcome = Outcome.NODATA if known else Outcome.NXDOMAIN
        return Answer(question, outcome, ttl=60, chain=tuple(chain))


def look(
    *parts: str,
    world: str = HOST + WORLD,
    dkim: DkimKnowledge = KEY,
    failing: dict[str, Outcome] | None = None,
) -> Observation:
    asked = Lines("".join((world, *parts)), failing)
    return asyncio.run(observe(asked, expect(SERVER, DOMAIN, dkim)))


def compiled(observed: Observation, dkim: DkimKnowledge = KEY) -> Report:
    report = compile_report(expect(SERVER, DOMAIN, dkim), observed, NOW, 7)
    for finding in report.findings:
        assert Words().finding(finding, CONTEXT)
    for result in report.results:
        assert result.note is None or Words().note(result.note, CONTEXT)
    return report


CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}


def report_on(*parts: str, world: str = HOST + WORLD, dkim: DkimKnowledge = KEY) -> Report:
    return compiled(look(*parts, world=world, dkim=dkim), dkim)


def usual(report: Report) -> list[Finding]:
    """Return the findings without those that no further optional record is there."""
    return [finding for finding in report.findings if not is_extra_gap(finding)]


def codes(report: Report) -> list[str]:
    return [finding.code for finding in usual(report)]


def result(report: Report, check: Check) -> CheckResult:
    return next(r for r in report.results if r.check is check)


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


def test_a_fault_of_the_server_leaves_the_member_nothing_to_do() -> None:
    report = report_on(MX, SPF, DKIM, DMARC, world=WORLD + "cow.example A 192.0.2.1\n")
    said = [f for f in report.findings if f.code == "server-side"]
    assert [(f.check, f.facts["what"]) for f in said] == [(Check.SERVER, ("host-without-address",))]
    assert {(f.severity, f.fixes) for f in said} == {(Status.INFO, ())}
    for check in (Check.MX, Check.SPF, Check.SERVER):
        assert result(report, check).status is Status.INFO
    # They are not green, and say why.
    assert result(report, Check.SPF).note == Note("follows-from", {"code": "server-side"})


def test_two_different_faults_of_the_server_are_both_said() -> None:
    world = HOST + WORLD.replace("198.51.100.25", "192.0.2.1").replace("_report", "_other")
    report = report_on(MX, SPF, DKIM, DMARC, ALIASES, world=world)
    (said,) = usual(report)
    assert (said.check, said.code) == (Check.SERVER, "server-side")
    assert faults_of(report) == ("spf-include", "report-authorisation")
    assert report.status is Status.INFO


def test_a_server_without_fault_is_proven_by_its_addresses() -> None:
    report = report_on(MX, SPF, DKIM, DMARC, ALIASES)
    server = report.results[-1]
    assert (server.check, server.status) == (Check.SERVER, Status.PASS)
    assert server.found == ("198.51.100.25", "2001:db8:25::25")


def test_a_server_that_nobody_could_ask_about_is_unknown_and_said_once() -> None:
    failing = {"mx1.cow.example": Outcome.TIMEOUT}
    whole = compiled(look(MX, SPF, DKIM, DMARC, ALIASES, failing=failing))
    bare = compiled(look(failing=failing))
    for report in (whole, bare):
        assert result(report, Check.SERVER).status is Status.UNKNOWN
        told = [f for f in report.findings if f.facts.get("name") == "mx1.cow.example"]
        assert [f.code for f in told if f.facts.get("type") == "A"] == ["dns-timeout"]


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
