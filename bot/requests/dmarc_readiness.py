"""Decides from a report which DMARC policies may be approved, and which records work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.dmarc.record import parse_record
from bot.checks.finding import Check, Finding, Status, Subject
from bot.checks.report import find_propagation
from bot.records.dmarc_policy import POLICIES

if TYPE_CHECKING:
    from bot.checks.report import CheckResult, Report

# Findings with which mail of ours passes all the same.
_HARMLESS: dict[Subject, set[str]] = {
    Check.SPF: {"spf-softfail", "spf-no-all"},  # these are about the mail of strangers
    Check.DKIM: {"dkim-weak-key"},  # a warning from 1024 bits on: receivers accept it (RFC 8301)
}


@dataclass(frozen=True, slots=True)
class DmarcReadiness:
    """The DMARC policies that the admin may approve, weakest first.

    `in_the_way` are the findings that keep the strict ones out, empty where all are allowed.
    """

    stages: tuple[str, ...]
    in_the_way: tuple[Finding, ...] = ()

    @property
    def allows_strict(self) -> bool:
        """Whether a strict policy may be approved."""
        return len(self.stages) == len(POLICIES)


def judge_readiness(report: Report) -> DmarcReadiness:
    """Return the stages that a domain is ready for.

    A strict one only where SPF passes for the mail host and the published DKIM key is the mail
    server's; an unknown is no proof. Else DMARC would have the domain's own mail refused.
    """
    closed = [check for check in (Check.SPF, Check.DKIM) if not is_right(report, check)]
    if not closed:
        return DmarcReadiness(POLICIES)
    # What is the mail server's own fault is said by a check of its own.
    blamed = {*closed, Check.SERVER}
    causes = tuple(f for f in report.findings if f.check in blamed and not _is_harmless(f))
    # Where nothing could be looked at, the reason is the finding of another check.
    return DmarcReadiness(POLICIES[:1], causes or report.findings[:1])


def is_right(report: Report, check: Check) -> bool:
    """Whether SPF or DKIM is proven to work for mail of ours."""
    result = _result(report, check)
    if result.status is Status.PASS:
        return True
    if check is Check.DKIM and not result.expected:
        return False  # some key is there, and nobody knows whose
    findings = [finding for finding in report.findings if finding.check is check]
    return bool(findings) and all(_is_harmless(finding) for finding in findings)


def has_policy(report: Report, policy: str) -> bool:
    """Whether the domain's own DMARC record is in order and asks for this policy."""
    result = _result(report, Check.DMARC)
    if result.status not in {Status.PASS, Status.INFO}:
        return False
    if find_propagation(report, Check.DMARC) is not None:
        return False  # it is so at the source, and not yet for those who receive mail
    records = [record for text in result.found if (record := parse_record(text)) is not None]
    return len(records) == 1 and str(records[0].policy("p")) == policy


def _result(report: Report, check: Check) -> CheckResult:
    return next(result for result in report.results if result.check is check)


def _is_harmless(finding: Finding) -> bool:
    return finding.code in _HARMLESS.get(finding.check, ()) and finding.severity is not Status.FAIL
