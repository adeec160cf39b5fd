"""A name inside an existing zone that has no records yet: telling it, and all that it needs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import dns.rdatatype

from bot.checks.answers import ADDRESS_TYPES, MOST_NAMES, name_text
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status, Verdict
from bot.checks.report import is_unoffered
from bot.dns.answer import Outcome
from bot.dns.owner_name import is_within, owner_of
from bot.public_suffix import is_public_suffix
from bot.records.presentation import relative_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks.finding import Subject
    from bot.checks.observation import Observation
    from bot.dns.owner_name import Owner
    from bot.errors import Fact

CODE: Final = "no-records-yet"
_USUAL: Final = (*ADDRESS_TYPES, dns.rdatatype.MX, dns.rdatatype.TXT)  # what a name has, if any
_MAIL: Final = (Check.MX, Check.SPF, Check.DKIM, Check.DMARC)
# What is said of each check where nothing is there; all of it follows from the one cause.
_ABSENCES: Final[dict[Subject, frozenset[str]]] = {
    Check.MX: frozenset({"mx-missing"}),
    Check.SPF: frozenset({"spf-missing"}),
    Check.DKIM: frozenset({"dkim-missing", "dkim-next-missing", "dkim-former-missing"}),
    Check.DMARC: frozenset({"dmarc-missing", "dmarc-before-dkim"}),
    Check.WEBMAIL: frozenset({"optional-missing"}),
    Check.AUTOCONFIG: frozenset({"optional-missing"}),
    Check.AUTODISCOVER: frozenset({"optional-missing"}),
}


def is_empty(observed: Observation) -> bool:
    """Whether the domain is a name in somebody's own zone that holds nothing, nor does any below.

    Either there is no such name (NXDOMAIN, which holds for all below it as well: RFC 8020), or it
    is there only because of others below it (RFC 4592 section 2.2.2).
    """
    zone = observed.zone
    if owner_of(zone) == owner_of(observed.domain.name) or is_public_suffix(zone):
        return False
    if has_something_below(observed):
        return False
    answers = observed.apex_answers()
    answered = [answer for answer in answers if not answer.failed]
    if any(answer.found or answer.chain for answer in answers):
        return False
    if all(answer.outcome is Outcome.NXDOMAIN for answer in answered):
        return bool(answered)
    types = {answer.question.rdtype for answer in answered}
    return len(answered) == len(answers) and types.issuperset(_USUAL)


def has_something_below(observed: Observation) -> bool:
    """Whether a name below the domain holds records, or is the apex of a zone of its own."""
    domain = owner_of(observed.domain.name)
    return any(
        (answer.found and _is_below(question.owner, domain))
        or (answer.zone is not None and _is_below(owner_of(answer.zone), domain))
        for question, answer in observed.answers.items()
    )


def _is_below(owner: Owner, domain: Owner) -> bool:
    return owner != domain and is_within(owner, domain)


def report_empty(observed: Observation) -> Finding:
    """Return the finding that the name has no records yet; `gather` adds what it needs."""
    facts: dict[str, Fact] = {
        "zone": name_text(observed.zone),
        "shorts": (),
        "optional": 0,
        "typed_above": False,  # whether the zone's apex has such records, which do not count here
    }
    return Finding(Check.DELEGATION, CODE, Status.FAIL, facts)


def gather(
    observed: Observation, verdicts: Sequence[Verdict]
) -> tuple[list[Verdict], frozenset[Subject]]:
    """Return the verdicts with all that is missing told at once, and the checks it was taken from.

    The finding that the name has no records yet gets the steps of the others, in their order.
    Where a record for this name was found at a wrong one, it is the other way round: what is wrong
    is then said of each record, and that finding is left out.
    """
    if not any(finding.code == CODE for verdict in verdicts for finding in verdict.findings):
        return list(verdicts), frozenset()
    if any(_is_misplaced(verdict) for verdict in verdicts):
        return [_without(verdict, frozenset({CODE})) for verdict in verdicts], frozenset()
    taken: set[Subject] = set()
    needed: list[Fix] = []
    optional: list[Fix] = []
    others = []
    above = False
    for verdict in verdicts:
        gone = [finding for finding in verdict.findings if _is_absence(finding)]
        fixes = optional if verdict.check not in _MAIL else needed
        fixes += [fix for finding in gone for fix in finding.fixes]
        kept = verdict
        if gone:
            rest = tuple(finding for finding in verdict.findings if finding not in gone)
            kept = dataclasses.replace(verdict, findings=rest)
            above |= any(finding.facts.get("stays") is True for finding in gone)
        if gone and not kept.findings:
            taken.add(verdict.check)
            kept = dataclasses.replace(kept, note=Note("follows-from", {"code": CODE}))
        others.append(kept)
    shorts = dict.fromkeys(relative_name(fix.owner, observed.zone) for fix in needed)
    facts: dict[str, Fact] = {"shorts": tuple(shorts)[:MOST_NAMES], "optional": len(optional)}
    facts["typed_above"] = above
    return [_complete(v, facts, (*needed, *optional)) for v in others], frozenset(taken)


def _is_absence(finding: Finding) -> bool:
    """Whether a finding says no more than that there is no such record.

    One at the zone's apex is mostly that domain's own.
    """
    if finding.facts.get("stays") is True and finding.check in _MAIL:
        return True
    if is_unoffered(finding):
        return False  # nobody is asked to add that one
    return finding.code in _ABSENCES.get(finding.check, ())


def _is_misplaced(verdict: Verdict) -> bool:
    fixes = (fix for finding in verdict.findings for fix in finding.fixes)
    return verdict.check in _MAIL and any(fix.action is FixAction.RENAME for fix in fixes)


def _without(verdict: Verdict, codes: frozenset[str]) -> Verdict:
    kept = tuple(finding for finding in verdict.findings if finding.code not in codes)
    return dataclasses.replace(verdict, findings=kept)


def _complete(verdict: Verdict, facts: dict[str, Fact], fixes: tuple[Fix, ...]) -> Verdict:
    """Return the verdict on the delegation with the facts and steps; any other one as it is."""
    if verdict.check is not Check.DELEGATION:
        return verdict
    findings = [
        dataclasses.replace(finding, facts={**finding.facts, **facts}, fixes=fixes)
        if finding.code == CODE
        else finding
        for finding in verdict.findings
        if finding.code != "subdomain"  # its labels are said with the steps
    ]
    return dataclasses.replace(verdict, findings=tuple(findings))
