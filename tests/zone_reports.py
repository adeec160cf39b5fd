"""Reports of domains whose zone is given as lines, without a network."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.compile import compile_report
from bot.checks.observe.domain import observe
from bot.checks.report import CheckResult, Report, is_extra_gap
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KnownKey
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Words
from strategies import KEY_VALUES

if TYPE_CHECKING:
    from bot.checks.finding import Check, Finding
    from bot.checks.observation import Observation
    from bot.dns.owner_name import AnyName

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOMAIN = Domain.from_ascii("friend.example")
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


class LinesAsk:
    """An Ask over lines of `owner TYPE rdata`, with aliases followed."""

    def __init__(self, text: str, failing: dict[str, Outcome] | None = None) -> None:
        self.records: dict[Question, list[dns.rdata.Rdata]] = defaultdict(list)
        for line in filter(str.strip, text.splitlines()):
            owner, rdtype, rdata = line.split(maxsplit=2)
            question = Question.of(owner, rdtype)
            self.records[question].append(dns.rdata.from_text("IN", rdtype, rdata))
        self.failing = failing or {}

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        question = Question.of(name, rdtype)
        for end, outcome in self.failing.items():
            if question.name.is_subdomain(dns.name.from_text(end)):
                return Answer(question, outcome, server="192.0.2.53:53")
        owner, chain = question.name, []
        while (alias := self.records.get(Question.of(owner, dns.rdatatype.CNAME))) and (
            Question.of(owner, question.rdtype) not in self.records
        ):
            owner = getattr(alias[0], "target")  # noqa: B009 - it is a CNAME's
            chain.append(owner)
        if found := self.records.get(Question.of(owner, question.rdtype)):
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
    asked = LinesAsk("".join((world, *parts)), failing)
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
