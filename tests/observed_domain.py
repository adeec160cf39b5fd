"""Builders of what was observed of a domain, for the tests of judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Words

if TYPE_CHECKING:
    from bot.checks.finding import Finding, FixAction, Status, Verdict

HOST = "mx1.cow.example."
SERVER = MailServer(
    host=dns.name.from_text(HOST),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
DOMAIN = Domain.from_ascii("friend.example")
EXPECTED = expect(SERVER, DOMAIN)
WORDS = Words()
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
OURS = "198.51.100.25"


def answered(name: str, rdtype: str, *texts: str, **more: Any) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts)
    outcome = Outcome.RECORDS if rdatas else Outcome.NODATA
    return Answer(Question.of(name, rdtype), outcome, rdatas, 3600, **more)


def unfound(name: str, rdtype: str, outcome: Outcome) -> Answer:
    return Answer(Question.of(name, rdtype), outcome)


def alias(label: str) -> tuple[Answer, Answer]:
    chain = (dns.name.from_text(HOST),)
    name = f"{label}.friend.example"
    return answered(name, "A", OURS, chain=chain), answered(name, "AAAA", chain=chain)


HOST_ANSWERS = (answered(HOST, "A", OURS), answered(HOST, "AAAA"))


def seen(*answers: Answer, **more: Any) -> Observation:
    return Observation.of(DOMAIN, (*HOST_ANSWERS, *answers), **more)


def only(verdict: Verdict, code: str, severity: Status) -> Finding:
    assert [(f.code, f.severity) for f in verdict.findings] == [(code, severity)]
    assert WORDS.finding(verdict.findings[0], CONTEXT)
    return verdict.findings[0]


def typed(finding: Finding) -> list[tuple[FixAction, str, str, str | None]]:
    return [(f.action, f.owner.to_text(), f.value, f.old) for f in finding.fixes]
