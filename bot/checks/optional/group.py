"""The optional records beside those that mail needs: a group that is never worse than a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.finding import Check, Status
from bot.checks.optional import caa, mta_sts, srv, tls_rpt
from bot.checks.zone import dnssec
from bot.dns.answer import Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.finding import Finding, Verdict
    from bot.checks.observation import Observation
    from bot.checks.report import Report
    from bot.records.expected import Expected

EXTRAS = frozenset({Check.SRV, Check.MTA_STS, Check.TLS_RPT, Check.DANE, Check.DNSSEC, Check.CAA})


def first_questions(expected: Expected) -> list[Question]:
    """Return what can be asked without knowing anything: little, as few domains have any."""
    domain = expected.domain
    asked = [
        (mta_sts.record_name(domain), dns.rdatatype.TXT),
        (mta_sts.policy_host(domain), dns.rdatatype.A),
        (tls_rpt.record_name(domain), dns.rdatatype.TXT),
        (dnssec.tlsa_name(expected.server), dns.rdatatype.TLSA),
        (domain.name, dns.rdatatype.DS),
        (domain.name, dns.rdatatype.CAA),
    ]
    found = [Question(name, rdtype) for name, rdtype in asked if name is not None]
    return [*found, *srv.first_questions(expected)]


def judge(expected: Expected, observed: Observation) -> list[Verdict]:
    """Return the verdicts on all of them, in the order of the report."""
    return [
        srv.judge(expected, observed),
        mta_sts.judge(expected, observed),
        tls_rpt.judge(expected, observed),
        dnssec.judge_dane(expected, observed),
        dnssec.judge(expected, observed),
        caa.judge(expected, observed),
    ]


def is_extra_gap(finding: Finding) -> bool:
    """Whether a finding only says that an optional record beside the usual ones is not there."""
    return finding.check in EXTRAS and finding.code == "optional-missing"


def gaps(findings: Iterable[Finding]) -> tuple[Check, ...]:
    """Return the checks whose records are not there, in the order of the report."""
    missing = {finding.check for finding in findings if is_extra_gap(finding)}
    return tuple(check for check in Check if check in missing)


def is_all_right(report: Report) -> bool:
    """Whether mail lacks nothing: only some of these records are not there, or worth a remark."""
    usual = (result.status for result in report.results if result.check not in EXTRAS)
    return report.status is Status.INFO and all(status is Status.PASS for status in usual)
