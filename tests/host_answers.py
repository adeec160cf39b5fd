"""Answers about hosts, with and without addresses, and MX records judged in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.finding import Finding, Fix, FixAction, Verdict
from bot.checks.mx import judge as mx_judge
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from observed_domain import DOMAIN, EXPECTED, HOST, WORDS

if TYPE_CHECKING:
    from bot.records.expected import Expected


def answered(name: str, rdtype: str, *texts: str, chain: tuple[str, ...] = ()) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts)
    names = tuple(dns.name.from_text(alias) for alias in chain)
    return Answer(Question.of(name, rdtype), Outcome.RECORDS, rdatas, 3600, names)


def unfound(
    name: str,
    rdtype: str,
    outcome: Outcome,
    chain: tuple[str, ...] = (),
    zone: str | None = None,
    *,
    loop: bool = False,
) -> Answer:
    return Answer(
        Question.of(name, rdtype),
        outcome,
        chain=tuple(dns.name.from_text(alias) for alias in chain),
        zone=None if zone is None else dns.name.from_text(zone),
        alias_loop=loop,
    )


def host(name: str, address: str, chain: tuple[str, ...] = ()) -> tuple[Answer, Answer]:
    return answered(name, "A", address, chain=chain), unfound(name, "AAAA", Outcome.NODATA, chain)


def both(
    name: str, outcome: Outcome, chain: tuple[str, ...] = (), *, loop: bool = False
) -> tuple[Answer, Answer]:
    return (
        unfound(name, "A", outcome, chain, loop=loop),
        unfound(name, "AAAA", outcome, chain, loop=loop),
    )


OURS = (answered(HOST, "A", "198.51.100.25"), answered(HOST, "AAAA", "2001:db8:25::25"))
WEBSITE = answered("friend.example.", "A", "203.0.113.80")
OLD = host("mx.old.example.", "203.0.113.60")


def observe(
    *records: str, answers: tuple[Answer, ...] = (), ours: tuple[Answer, ...] = OURS
) -> Observation:
    table = (answered("friend.example.", "MX", *records), WEBSITE, *ours, *answers)
    return Observation.of(DOMAIN, table)


def judge(*records: str, answers: tuple[Answer, ...] = ()) -> Verdict:
    return mx_judge.judge(EXPECTED, observe(*records, answers=answers))


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def only(verdict: Verdict, code: str) -> Finding:
    assert codes(verdict) == [code]
    return verdict.findings[0]


def say(finding: Finding, expected: Expected = EXPECTED) -> str:
    context = {
        "domain": expected.domain.ascii,
        "host": expected.server.host_text,
        "service": expected.server.name,
    }
    return WORDS.finding(finding, context)


def replacement(old: str) -> Fix:
    return Fix(FixAction.REPLACE, DOMAIN.name, "MX", HOST, 10, 3600, old=old)


def deletion(old: str, priority: int) -> Fix:
    return Fix(FixAction.DELETE, DOMAIN.name, "MX", old, priority)
