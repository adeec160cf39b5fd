"""Says for how long caches keep what a check rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc import judge as dmarc
from bot.checks.finding import Check
from bot.checks.mx.targets import targets_to_resolve
from bot.checks.optional import caa, host_reading, mta_sts, srv, tls_rpt
from bot.checks.zone.dnssec import tlsa_name
from bot.dns.answer import Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.finding import Subject
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def own_questions(check: Subject, expected: Expected) -> tuple[Question, ...]:
    """Return the questions about the very records that a check of mail is about; else none."""
    apex = expected.domain.name
    match check:
        case Check.MX:
            return (Question.of(apex, dns.rdatatype.MX),)
        case Check.SPF:
            return (Question.of(apex, dns.rdatatype.TXT),)
        case Check.DKIM:
            return _texts(dkim.key_names(expected))
        case Check.DMARC:
            return _texts(dmarc.own_names(expected.domain))
        case _:
            return ()


def find_ttl(check: Subject, expected: Expected, observed: Observation) -> int | None:
    """Return for how many seconds the resolver's answers behind a check stay in caches.

    It is the longest of them, a negative answer's by RFC 2308 section 5; after it everybody who
    asks sees what is there then. None where none of them is known.
    """
    longest: int | None = None
    for question in (*own_questions(check, expected), *_others(check, expected, observed)):
        answer = observed.answers.get(question)
        if answer is None or answer.ttl is None or answer.failed:
            continue
        if longest is None or answer.ttl > longest:
            longest = answer.ttl
    return longest


def _others(check: Subject, expected: Expected, observed: Observation) -> Iterable[Question]:
    """Return what a check rests on besides, or where it is about no record of mail."""
    domain, types = expected.domain, dns.rdatatype
    match check:
        case Check.DELEGATION:
            return (
                Question.of(observed.zone, types.NS),
                Question.of(domain.name, types.NS),
                Question.of(domain.name, types.CNAME),
            )
        case Check.MX:
            answer = observed.answers.get(Question.of(domain.name, types.MX))
            names = () if answer is None else targets_to_resolve(expected, answer)
            return tuple(Question.of(name, t) for name in names for t in ADDRESS_TYPES)
        case Check.WEBMAIL | Check.AUTOCONFIG | Check.AUTODISCOVER as host:
            owners = _there(host_reading.owner_of(expected, Check(host)))
            return tuple(Question.of(owner, t) for owner in owners for t in ADDRESS_TYPES)
        case Check.SRV:
            return srv.questions(expected)
        case Check.MTA_STS:
            return _texts(_there(mta_sts.record_name(domain)))
        case Check.TLS_RPT:
            return _texts(_there(tls_rpt.record_name(domain)))
        case Check.DANE:
            return tuple(Question.of(n, types.TLSA) for n in _there(tlsa_name(expected.server)))
        case Check.DNSSEC:
            return (Question.of(observed.zone, types.DS),)
        case Check.CAA:
            return (
                *caa.questions(expected),
                *(Question.of(n, types.CAA) for n in caa.climb(domain)),
            )
        case _:
            return ()


def _texts(names: Iterable[dns.name.Name]) -> tuple[Question, ...]:
    return tuple(Question.of(name, dns.rdatatype.TXT) for name in names)


def _there(name: dns.name.Name | None) -> tuple[dns.name.Name, ...]:
    return () if name is None else (name,)
