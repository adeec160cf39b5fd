"""Decides from a report which DMARC policies may be approved, and which records work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.dmarc.record import parse_record
from bot.checks.finding import Check, Finding, Status
from bot.checks.report import find_propagation
from bot.records.dmarc_policy import POLICIES, policies_allowed

if TYPE_CHECKING:
    from bot.checks.report import Report


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
    stages = policies_allowed(
        spf_proven=report.proves(Check.SPF), dkim_proven=report.proves(Check.DKIM)
    )
    closed = [check for check in (Check.SPF, Check.DKIM) if not report.proves(check)]
    if not closed:
        return DmarcReadiness(stages)
    # What is the mail server's own fault is said by a check of its own.
    blamed = {*closed, Check.SERVER}
    causes = tuple(f for f in report.findings if f.check in blamed and not f.harmless)
    # Where nothing could be looked at, the reason is the finding of another check.
    return DmarcReadiness(stages, causes or report.findings[:1])


def has_policy(report: Report, policy: str) -> bool:
    """Whether the domain's own DMARC record is in order and asks for this policy."""
    result = next(result for result in report.results if result.check is Check.DMARC)
    if result.status not in {Status.PASS, Status.INFO}:
        return False
    if find_propagation(report, Check.DMARC) is not None:
        return False  # it is so at the source, and not yet for those who receive mail
    records = [record for text in result.found if (record := parse_record(text)) is not None]
    return len(records) == 1 and str(records[0].policy("p")) == policy
