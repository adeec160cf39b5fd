"""The judges of the records that mail does not need; none finds worse than a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.optional import caa, mta_sts, srv, tls_rpt
from bot.checks.zone import dnssec
from bot.dns.answer import Question

if TYPE_CHECKING:
    from bot.checks.finding import Verdict
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


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
    found = [Question.of(name, rdtype) for name, rdtype in asked if name is not None]
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
