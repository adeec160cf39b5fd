"""Judges the SRV records by which mail programs find their servers (RFC 6186, RFC 8314)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.IN.SRV import SRV

from bot.checks.answers import (
    MOST_NAMES,
    alias_at,
    answer_to,
    first_names,
    leads_to,
    report_unused,
    some_lines,
    unanswered,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.dns.answer import Question
from bot.records.srv_services import srv_services

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact
    from bot.records.expected import Expected
    from bot.records.srv_services import SrvService

# Asked for at once; who has one of these may have the others, and who has none has none.
_FIRST = ("_imaps._tcp", "_submission._tcp")


@dataclass(frozen=True, slots=True)
class _Reading:
    """The records at the name of one SRV service."""

    service: SrvService
    owner: dns.name.Name
    records: tuple[SRV, ...]
    right: bool
    refused: bool  # "." as target: there is no such service (RFC 2782)


def questions(expected: Expected) -> list[Question]:
    """Return the questions for all such records."""
    return [question for _, question in _asked(expected)]


def first_questions(expected: Expected) -> list[Question]:
    """Return the questions that tell whether there are such records at all."""
    return [q for service, q in _asked(expected) if service.label in _FIRST]


def other_questions(expected: Expected) -> list[Question]:
    """Return the questions for all the others."""
    return [q for service, q in _asked(expected) if service.label not in _FIRST]


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return whether what the records say leads to the mail server; not having any is no fault."""
    asked = _asked(expected)
    answers = [(s, a) for s, q in asked if (a := observed.answer(*q)) is not None]
    readings = [_read(expected, s, a) for s, a in answers if a.found]
    present = [reading for reading in readings if reading.records]
    wanted = [(s, q.name) for s, q in asked if s.usual]
    values = tuple(f"{s.label} {s.value(expected.server)}" for s, _ in wanted)
    records = [(r.service, record) for r in present for record in r.records]
    found = some_lines(records, _line)
    failed = next((answer for _, answer in answers if answer.failed), None)

    findings = _judge_readings(expected, observed, present)
    if failed is not None or (asked and not answers):
        question = Question.of(expected.domain.name, dns.rdatatype.SRV)
        findings.append(
            unanswered(Check.SRV, failed or answer_to(observed, question.name, question.rdtype))
        )
    if not present and not findings:
        fixes = tuple(_add(expected, owner, service) for service, owner in wanted)
        findings = [report_unused(Check.SRV, fixes=fixes)]
    return Verdict(Check.SRV, tuple(findings), expected=values, found=found)


def _asked(expected: Expected) -> list[tuple[SrvService, Question]]:
    """Return the services with their questions, where their names can be."""
    found = []
    for service in srv_services(expected.server):
        owner = expected.domain.below(service.label)
        if owner is not None:
            found.append((service, Question.of(owner, dns.rdatatype.SRV)))
    return found


def _read(expected: Expected, service: SrvService, answer: Answer) -> _Reading:
    records = tuple(r for r in answer.in_order().rdatas if isinstance(r, SRV))
    host = expected.server.host
    return _Reading(
        service,
        answer.question.name,
        records,
        right=all((r.target, r.port) == (host, service.port) for r in records),
        refused=bool(records) and all(r.target == dns.name.root for r in records),
    )


def _judge_readings(
    expected: Expected, observed: Observation, readings: list[_Reading]
) -> list[Finding]:
    """Judge what is there: foreign servers first, then wrong names and ports, then refusals."""
    offered = {r.service.family for r in readings if r.right}
    foreign, others, ports, refused = [], [], [], []
    for reading in readings:
        if reading.right:
            continue
        if reading.refused:
            # Only where the other way to the same thing is not there either: "not this way" is
            # what a careful admin says of the ways without TLS.
            if reading.service.family != "pop" and reading.service.family not in offered:
                refused.append(reading)
            continue
        elsewhere = [r for r in reading.records if r.target != expected.server.host]
        if not elsewhere:
            ports.append(reading)
        elif all(leads_to(observed, r.target, expected.server.host) is True for r in elsewhere):
            others.append(reading)
        else:
            foreign.append(reading)
    groups = (
        ("srv-foreign", foreign),
        ("srv-other-name", others),
        ("srv-wrong-port", ports),
        ("srv-not-offered", refused),
    )
    return [_warn(expected, observed, code, group) for code, group in groups if group]


def _warn(
    expected: Expected, observed: Observation, code: str, readings: list[_Reading]
) -> Finding:
    host = expected.server.host
    wrong = [record for r in readings for record in r.records if record.target != host]
    targets = (record.target for record in wrong if record.target != dns.name.root)
    facts: dict[str, Fact] = {
        "names": first_names(r.owner for r in readings),
        "targets": first_names(targets),
        "ports": tuple(str(r.service.port) for r in readings)[:MOST_NAMES],
    }
    fixes = [fix for reading in readings for fix in _mend(expected, observed, reading)]
    return Finding(Check.SRV, code, Status.WARN, facts, tuple(fixes))


def _mend(expected: Expected, observed: Observation, reading: _Reading) -> list[Fix]:
    """Return the steps that leave one record at a name, the right one."""
    owner, service = reading.owner, reading.service
    alias = alias_at(observed, answer_to(observed, owner, dns.rdatatype.SRV))
    if alias is not None:
        drop = Fix(FixAction.DELETE, owner, "CNAME", alias.to_text())
        return [drop, _add(expected, owner, service)]
    right = (expected.server.host, service.port)
    wrong = [r for r in reading.records if (r.target, r.port) != right]
    fixes = [Fix(FixAction.DELETE, owner, "SRV", r.to_text()) for r in wrong[:MOST_NAMES]]
    if len(wrong) == len(reading.records):
        add = _add(expected, owner, service)
        fixes[0] = Fix(
            FixAction.REPLACE, owner, "SRV", add.value, ttl=add.ttl, old=wrong[0].to_text()
        )
    return fixes


def _add(expected: Expected, owner: dns.name.Name, service: SrvService) -> Fix:
    ttl = expected.server.record_ttl
    return Fix(FixAction.ADD, owner, "SRV", service.value(expected.server), ttl=ttl)


def _line(found: tuple[SrvService, SRV]) -> str:
    service, record = found
    return f"{service.label} {record.to_text()}"
