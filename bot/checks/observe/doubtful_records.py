"""What is asked before a record is said to be wrong: whether it is at its name, and in which zone.

Only the judges whose records may be a wildcard's or another zone's are heard, and they are quick:
a domain that is right is asked nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import decode_texts
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc import judge as dmarc
from bot.checks.finding import Check
from bot.checks.lent_record import probe_below, probe_beside
from bot.checks.mx import judge as mx
from bot.checks.optional import caa, hosts, mta_sts, srv, tls_rpt
from bot.checks.optional.host_reading import owner_of, read_host, read_service
from bot.checks.spf import judge as spf
from bot.checks.zone_cut import zone_holding, zones_below
from bot.dns.answer import Outcome, Question
from bot.public_suffix import is_public_suffix
from bot.records.dkim_key import KnownKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.checks.finding import Verdict
    from bot.checks.observation import Observation
    from bot.records.expected import Expected

MOST_DOUBTED = 12  # questions about them
_HOSTS = {
    Check.WEBMAIL: hosts.judge_webmail,
    Check.AUTOCONFIG: hosts.judge_autoconfig,
    Check.AUTODISCOVER: hosts.judge_autodiscover,
}
_TYPES = (
    dns.rdatatype.TXT,
    dns.rdatatype.MX,
    dns.rdatatype.SRV,
    dns.rdatatype.A,
    dns.rdatatype.AAAA,
    dns.rdatatype.CAA,
)


def doubtful_questions(expected: Expected, observed: Observation) -> tuple[Question, ...]:
    """Return what tells where the records are that have to be typed or to go; none if all is well.

    That is a random name where a wildcard may be what answers (RFC 4592), the SOA where no denial
    has named the zone, and the name servers of another zone that a fix belongs to.
    """
    if all(answer.failed for answer in observed.apex_answers()):
        return ()
    below = zones_below(observed)
    verdicts = _verdicts(expected, observed, below)
    fixes = (f for verdict in verdicts for found in verdict.findings for f in found.fixes)
    owners = dict.fromkeys(fix.owner for fix in fixes)
    about = (q for owner in owners for q in _about(observed, owner, below))
    asked = dict.fromkeys((*_about_alias(observed), *about))
    return tuple(q for q in asked if q not in observed.answers)[:MOST_DOUBTED]


def _about_alias(observed: Observation) -> Iterator[Question]:
    """Give the questions that tell in which zone the domain is where it is an alias."""
    apex = observed.domain.name
    if not observed.is_alias or observed.zone != apex or is_public_suffix(apex.parent()):
        return
    for rdtype in (dns.rdatatype.SOA, dns.rdatatype.NS, dns.rdatatype.DS):
        yield Question.of(apex.parent(), rdtype)
    if (probe := probe_beside(observed, apex)) is not None:
        yield Question.of(probe, dns.rdatatype.A)


def _about(
    observed: Observation, owner: dns.name.Name, below: Sequence[dns.name.Name]
) -> Iterator[Question]:
    """Give the questions about the record at a name; `below` are the zones below the domain's."""
    apex, zone = observed.domain.name, observed.zone
    if owner == zone or not owner.is_subdomain(zone):
        return
    positive = next((t for t in _TYPES if _has(observed, owner, t)), None)
    if positive is not None:
        probe = probe_beside(observed, owner) if owner == apex else probe_below(observed, owner)
        if probe is not None:
            yield Question.of(probe, positive)
        if observed.probe is not None and owner.parent() != apex != owner:
            yield Question.of(observed.probe, positive)  # which of two wildcards it is
    cut = zone_holding(owner, below)
    if cut is not None:
        yield Question.of(cut, dns.rdatatype.NS)
    elif positive is not None and owner != apex and not _is_denied(observed, owner):
        answer = observed.answer(owner, positive)
        is_alias = answer is not None and bool(answer.chain)
        yield Question.of(owner.parent() if is_alias else owner, dns.rdatatype.SOA)


def _has(observed: Observation, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bool:
    answer = observed.answer(owner, rdtype)
    return answer is not None and bool(answer.found or answer.chain)


def _is_denied(observed: Observation, owner: dns.name.Name) -> bool:
    """Whether a denial of one type at a name has told its zone."""
    answers = (observed.answer(owner, t) for t in (*_TYPES, dns.rdatatype.CNAME))
    return any(a is not None and a.absent and not a.chain and a.zone is not None for a in answers)


def _verdicts(
    expected: Expected, observed: Observation, below: Sequence[dns.name.Name]
) -> Iterator[Verdict]:
    """Give the verdicts on what may be a wildcard's or in another zone."""
    if not _is_exact(expected, observed):
        yield dkim.judge(expected, observed)
    for check, judge_host in _HOSTS.items():
        if observed.discovery or _is_in_doubt(check, expected, observed, below):
            yield judge_host(expected, observed)
    if any(_has(observed, q.name, q.rdtype) for q in srv.first_questions(expected)):
        yield srv.judge(expected, observed)
    for module in (mta_sts, tls_rpt):
        name = module.record_name(expected.domain)
        if name is not None and _has(observed, name, dns.rdatatype.TXT):
            yield module.judge(expected, observed)
    probe = None if observed.probe is None else observed.answer(observed.probe, dns.rdatatype.A)
    # Otherwise there is no wildcard below the domain itself.
    may_be_lent = probe is None or probe.outcome is not Outcome.NXDOMAIN or bool(probe.chain)
    names = dmarc.own_names(expected.domain)
    if may_be_lent or any(zone_holding(name, below) is not None for name in names):
        # With any proof, and none at all, its steps are for the same names.
        yield dmarc.judge(expected, observed, spf_proven=True, dkim_proven=True)
    if expected.domain.name != observed.zone:
        yield mx.judge(expected, observed)
        yield spf.judge(expected, observed)
        yield caa.judge(expected, observed)


def _is_in_doubt(
    check: Check, expected: Expected, observed: Observation, below: Sequence[dns.name.Name]
) -> bool:
    """Whether a step at a host's name would make us ask; where it leads to our host is none."""
    readings = []
    owner = owner_of(expected, check)
    address = None if owner is None else observed.answer(owner, dns.rdatatype.A)
    if address is None or expected.server.host not in address.chain:  # most are our alias
        readings.append(read_host(check, expected, observed))
    if check is Check.AUTODISCOVER:
        readings.append(read_service(expected, observed))
    wrong = (reading.owner for reading in readings if reading is not None and not reading.right)
    return any(next(_about(observed, owner, below), None) is not None for owner in wrong)


def _is_exact(expected: Expected, observed: Observation) -> bool:
    """Whether the key record is just the one that is handed out."""
    known = expected.dkim
    answers = [observed.answer(name, dns.rdatatype.TXT) for name in dkim.key_names(expected)]
    return isinstance(known, KnownKey) and [decode_texts(a) for a in answers] == [
        (known.record.text,)
    ]
