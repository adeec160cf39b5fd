"""Judges CAA: whether the authority of the mail server's certificates may issue them.

RFC 8659 has the authority look at the name of the certificate, its aliases followed, and then,
label by label, at the names above it; the first CAA records that it finds count.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.CAA import CAA

from bot.checks.answers import (
    MOST_NAMES,
    first_names,
    leads_to,
    name_text,
    report_unused,
    some_lines,
    unanswered,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.optional.host_reading import host_names
from bot.dns.answer import Answer, Outcome, Question
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected

_CRITICAL = 0x80  # section 4.1.1
_KNOWN = frozenset({"issue", "issuewild", "iodef", "issuemail"})
_METHOD = re.compile(r"validationmethods\s*=\s*([^;]*)", re.IGNORECASE)  # RFC 8657 section 4
_ACCOUNT = re.compile(r"accounturi\s*=", re.IGNORECASE)  # RFC 8657 section 3


def climb(domain: Domain) -> tuple[dns.name.Name, ...]:
    """Return the domain and the names above it that CAA records may stand at.

    A registry's name has none that anybody here could do anything about, so it is left out.
    """
    return (domain.name, *_names_above(domain.name.labels))


# Each domain is climbed from several times in a check. Of 126 labels it takes some 75 kB.
@lru_cache(maxsize=64)
def _names_above(labels: tuple[bytes, ...]) -> tuple[dns.name.Name, ...]:
    names = list[dns.name.Name]()
    name = dns.name.Name(labels)
    while not is_public_suffix(name := name.parent()):
        names.append(name)
    return tuple(names)


def find_relevant(answers: Iterable[Answer | None]) -> Answer | None:
    """Return the first answer, from the name upwards, that has CAA records or failed."""
    return next((a for a in answers if a is not None and not a.absent), None)


def forbids(answer: Answer, issuer: str) -> bool:
    """Whether records keep an issuer from making certificates (sections 4.2 and 4.5)."""
    records = _records(answer)
    if any(_is_unknown_critical(record) for record in records):
        return True
    issues = [record for record in records if _tag(record) == "issue"]
    return bool(issues) and not any(_allows(record, issuer) for record in issues)


def questions(expected: Expected) -> list[Question]:
    """Return the questions about the names that the mail server needs certificates for."""
    return [Question.of(name, dns.rdatatype.CAA) for name in host_names(expected)]


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return the verdict whether the mail server can get certificates for the domain's names."""
    issuer = expected.server.cert_issuer
    names = climb(expected.domain)
    asked = [observed.answer(name, dns.rdatatype.CAA) for name in names]
    answer = find_relevant(asked)
    if asked[0] is None:
        answer = Answer(Question.of(names[0], dns.rdatatype.CAA), Outcome.TIMEOUT)
    if answer is None:
        return Verdict(Check.CAA, (report_unused(Check.CAA),))
    if answer.failed:
        return Verdict(Check.CAA, (unanswered(Check.CAA, answer),))
    findings: tuple[Finding, ...] = ()
    if forbids(answer, issuer):
        findings = (_report(expected, observed, answer),)
    elif _is_narrow(answer, issuer):
        findings = (Finding(Check.CAA, "caa-restricted", Status.INFO, {"issuer": issuer}),)
    found = some_lines(sorted(record.to_text() for record in _records(answer)))
    return Verdict(Check.CAA, findings, expected=(_line(issuer),), found=found)


def _report(expected: Expected, observed: Observation, answer: Answer) -> Finding:
    """Report records that forbid: a warning only where a name needs a certificate by them."""
    issuer = expected.server.cert_issuer
    host = expected.server.host
    needed = [name for name in host_names(expected) if leads_to(observed, name, host) is True]
    blocked = [name for name in needed if not _is_allowed_at(observed, name, issuer)]
    records = _records(answer)
    unknown = [record for record in records if _is_unknown_critical(record)]
    owner = answer.chain[-1] if answer.chain else answer.question.name
    facts: dict[str, Fact] = {
        "issuer": issuer,
        "names": first_names(blocked),
        "at": name_text(owner),
        "allowed": tuple(dict.fromkeys(i for r in records if (i := _issuer(r))))[:MOST_NAMES],
        "critical": _tag(unknown[0]) if unknown else "",
    }
    fixes = [Fix(FixAction.DELETE, owner, "CAA", record.to_text()) for record in unknown]
    issues = [record for record in records if _tag(record) == "issue"]
    if issues and not any(_allows(record, issuer) for record in issues):
        ttl = expected.server.record_ttl
        fixes.append(Fix(FixAction.ADD, owner, "CAA", _line(issuer), ttl=ttl))
    if not blocked:
        return Finding(Check.CAA, "caa-not-needed", Status.INFO, facts)
    steps = tuple(fixes[:MOST_NAMES]) if owner.is_subdomain(observed.zone) else ()
    return Finding(Check.CAA, "caa-blocks", Status.WARN, facts, steps)


def _is_allowed_at(observed: Observation, name: dns.name.Name, issuer: str) -> bool:
    """Whether records at a name of its own, or where its alias leads, let the issuer issue."""
    own = observed.answer(name, dns.rdatatype.CAA)
    return own is not None and own.found and not forbids(own, issuer)


def _records(answer: Answer) -> tuple[CAA, ...]:
    return tuple(rdata for rdata in answer.rdatas if isinstance(rdata, CAA))


def _tag(record: CAA) -> str:
    return bytes(record.tag).decode("ascii", "replace").lower()


def _value(record: CAA) -> str:
    return bytes(record.value).decode("utf-8", "replace")


def _is_unknown_critical(record: CAA) -> bool:
    """Whether it forbids everything to those who do not know what it says (section 4.5)."""
    return bool(record.flags & _CRITICAL) and _tag(record) not in _KNOWN


def _issuer(record: CAA) -> str:
    """Return the domain of the authority that an issue record allows; empty for none."""
    if _tag(record) != "issue":
        return ""
    return _value(record).partition(";")[0].strip().lower().rstrip(".")


def _allows(record: CAA, issuer: str) -> bool:
    return _issuer(record) == issuer.lower()


def _is_narrow(answer: Answer, issuer: str) -> bool:
    """Whether the issuer may issue to one account only, or not after a look at a web server."""
    allowing = [_value(r).partition(";")[2] for r in _records(answer) if _allows(r, issuer)]
    return bool(allowing) and all(map(_narrows, allowing))


def _narrows(parameters: str) -> bool:
    methods = _METHOD.search(parameters)
    if _ACCOUNT.search(parameters):
        return True
    return methods is not None and "http-01" not in methods[1].lower().replace(" ", "").split(",")


def _line(issuer: str) -> str:
    return f'0 issue "{issuer}"'
