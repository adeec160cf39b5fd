"""Judges whether the domain exists and its name servers answer, before anything else is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.NS import NS

from bot.checks.answers import (
    ADDRESS_TYPES,
    MOST_NAMES,
    answer_to,
    explain,
    name_text,
    report_silent_resolver,
    some_lines,
    unanswered,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.report import RESOLVER_FAULTS, RESOLVER_REWRITES
from bot.checks.zone.empty_name import has_something_below, is_empty, report_empty
from bot.checks.zone.meant_name import report_meant
from bot.checks.zone.name_servers import judge_name_servers, report_all_lame
from bot.dns.answer import Answer, Outcome, Question
from bot.names import absolute_text_of
from bot.public_suffix import is_public_suffix
from bot.records.presentation import relative_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_UNANSWERED = frozenset(
    {
        *("servfail", "dns-timeout", "dns-refused", "dns-truncated", "dns-too-many"),
        *("ns-all-lame", *RESOLVER_FAULTS),
    }
)
_MOST_ADDRESSES = 4  # of a website, of each kind
# Where failures differ, the one that says most: a server failure was at least thought about.
_TELLING = (Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TRUNCATED, Outcome.TIMEOUT)


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return whether the domain is there, answers, and is free to hold records."""
    apex = expected.domain.name
    answers = observed.apex_answers()
    servers = answer_to(observed, apex, dns.rdatatype.NS)
    found = some_lines(
        sorted(absolute_text_of(r.target) for r in servers.rdatas if isinstance(r, NS))
    )

    meant = report_meant(expected, observed)
    finding = _judge_alias(expected, observed, answers)
    if finding is not None and meant:
        # A host's name is rightly an alias: nobody is told to delete it on a guess.
        facts = {**finding.facts, "usual": True}
        finding = Finding(finding.check, finding.code, finding.severity, facts)
    if finding is None and all(answer.failed for answer in answers):
        finding = _report_silence(observed, answers)
    if finding is None:
        finding = _report_invented(observed, answers)
    empty = finding is None and is_empty(observed)
    if finding is None and not empty:
        finding = _judge_existence(observed, answers)
    if finding is None and observed.single_server:
        finding = _report_single_server(answers)
    if finding is None and servers.failed and not empty:
        finding = unanswered(Check.DELEGATION, servers)
    first = (report_empty(observed),) if empty else ()
    if finding is not None:
        return Verdict(Check.DELEGATION, (*first, finding, *meant), found=found)

    findings = (*first, *judge_name_servers(observed), *_describe_name(expected, observed), *meant)
    if observed.invented:
        findings = (_report_rewriting(observed, "A"), *findings)
    return Verdict(Check.DELEGATION, findings, found=found)


def blocks_everything(verdict: Verdict) -> bool:
    """Return whether nothing else can be judged: there is no such domain, or nobody answers."""
    return any(
        finding.code == "domain-not-found"
        or (finding.code in _UNANSWERED and finding.facts["type"] is None)
        for finding in verdict.findings
    )


def hides(observed: Observation, rdtype: dns.rdatatype.RdataType) -> bool:
    """Whether an alias at the domain itself hides what its records of a type are."""
    answer = answer_to(observed, observed.domain.name, rdtype)
    return bool(answer.chain) or answer.alias_loop


def _judge_alias(
    expected: Expected, observed: Observation, answers: Sequence[Answer]
) -> Finding | None:
    """Find a CNAME at the domain itself, which hides everything else there (RFC 1034 3.6.2).

    In its place go the addresses that the website has by it, and the records that it hides.
    """
    apex = expected.domain.name
    target = next(
        (r.target for answer in answers for r in answer.rdatas if isinstance(r, CNAME)),
        next((answer.chain[0] for answer in answers if answer.chain), None),
    )
    if target is None:
        return None
    followed = [answer for answer in answers if answer.chain]
    facts: dict[str, Fact] = {
        "target": name_text(target),
        "circle": any(answer.alias_loop for answer in followed),
        "dead": all(a.failed or a.outcome is Outcome.NXDOMAIN for a in followed)
        and any(not a.failed for a in followed),
    }
    fixes = [Fix(FixAction.DELETE, apex, "CNAME", target.to_text())]
    for rdtype in ADDRESS_TYPES:
        answer = answer_to(observed, apex, rdtype)
        fixes += [
            Fix(FixAction.ADD, apex, dns.rdatatype.to_text(rdtype), rdata.to_text(), ttl=answer.ttl)
            for rdata in answer.rdatas[:_MOST_ADDRESSES]
            if answer.chain
        ]
    fixes += [
        Fix(FixAction.ADD, apex, record.type, record.value, record.priority, record.ttl)
        for record in expected.records
        if record.owner == apex and hides(observed, dns.rdatatype.from_text(record.type))
    ]
    return Finding(Check.DELEGATION, "apex-cname", Status.FAIL, facts, tuple(fixes))


def _report_silence(observed: Observation, answers: Sequence[Answer]) -> Finding:
    """Say that no question about the domain was answered; the fact `type` is None for that.

    Where the resolver answers nothing else either, that is all that can be said.

    The fact `proven` is there where an answer does come if nobody checks the signatures.
    """
    if observed.resolver_silent:
        return report_silent_resolver(Check.DELEGATION, named=observed.single_server)
    if (lame := report_all_lame(observed)) is not None:
        return lame
    silent = Answer(Question.of(observed.domain.name, dns.rdatatype.NS), Outcome.TIMEOUT)
    # The answer that names DNSSEC or explains itself speaks for the others.
    telling = min(
        answers,
        key=lambda a: (_TELLING.index(a.outcome), not a.names_dnssec, not explain(a), a.late),
        default=silent,
    )
    finding = unanswered(Check.DELEGATION, telling)
    facts: dict[str, Fact] = {**finding.facts, "type": None}
    if _is_proven(observed):
        facts["proven"] = True
    if observed.single_server:
        facts["named"] = True
    return Finding(finding.check, finding.code, finding.severity, facts)


def _is_proven(observed: Observation) -> bool:
    """Whether an answer without a check of the signatures proves that DNSSEC is what is broken."""
    return observed.unchecked is not None and not observed.unchecked.failed


def _report_invented(observed: Observation, answers: Sequence[Answer]) -> Finding | None:
    """Say that nothing is known of a domain which may be nothing but an invention of the resolver.

    That it answers for names that do not exist was proven by made-up ones. Without that address
    there is nothing; None where there is a record.
    """
    if not observed.invented or any(answer.found for answer in answers):
        return None
    return _report_rewriting(observed, None)


def _report_rewriting(observed: Observation, rdtype: str | None) -> Finding:
    facts: dict[str, Fact] = {
        "addresses": tuple(sorted(observed.invented))[:MOST_NAMES],
        "type": rdtype,
        "named": observed.single_server,
    }
    return Finding(Check.DELEGATION, RESOLVER_REWRITES, Status.UNKNOWN, facts)


def _judge_existence(observed: Observation, answers: Sequence[Answer]) -> Finding | None:
    """Find a domain that does not exist.

    NXDOMAIN speaks of the name with all its types and all names below it (RFC 8020 section 2), so
    an answer that knows one of them contradicts it, and is believed: it is the one that had
    something to show.
    """
    apex = observed.domain.name
    answered = [answer for answer in answers if not answer.failed]
    if any(answer.outcome is not Outcome.NXDOMAIN for answer in answered):
        return None
    if has_something_below(observed):
        return None
    zone = next((answer.zone for answer in answered if answer.zone is not None), None)
    facts: dict[str, Fact] = {
        # The zone that denied: the root where there is no such ending, a registry where the
        # domain is not registered, somebody's own zone where a name below it has no record yet.
        "zone": None if zone is None or zone == dns.name.root else name_text(zone),
        "ending": None if zone != dns.name.root else name_text(dns.name.Name(apex.labels[-2:])),
        "below": zone is not None and not is_public_suffix(zone),
    }
    return Finding(Check.DELEGATION, "domain-not-found", Status.FAIL, facts)


def _describe_name(expected: Expected, observed: Observation) -> Iterator[Finding]:
    """Give what is worth knowing of how the domain's names are typed."""
    domain, zone = expected.domain, observed.zone
    if domain.unicode != domain.ascii:  # RFC 5890 section 2.3.2.1
        facts: dict[str, Fact] = {"ascii": domain.ascii, "unicode": domain.unicode}
        yield Finding(Check.DELEGATION, "idn", Status.INFO, facts)
    # A registry that denies the name contradicts the answers that we have.
    if zone != domain.name and not is_public_suffix(zone):
        shorts = tuple(relative_name(record.owner, zone) for record in expected.records)
        facts = {"zone": name_text(zone), "label": relative_name(domain.name, zone)}
        facts["shorts"] = tuple(dict.fromkeys(shorts))[:MOST_NAMES]
        yield Finding(Check.DELEGATION, "subdomain", Status.INFO, facts)


def _report_single_server(answers: Sequence[Answer]) -> Finding:
    server = next((answer.server for answer in answers if answer.server), "")
    return Finding(Check.DELEGATION, "delegation-not-checked", Status.INFO, {"server": server})
