"""Says for how long caches keep what a check rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.dkim import judge as dkim
from bot.checks.dkim.selectors import other_key_name
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


def other_key_questions(expected: Expected) -> tuple[Question, ...]:
    """Return the question about the other key's record; none where no key is being changed."""
    return _texts(_there(other_key_name(expected)))


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


def find_ttls(expected: Expected, observed: Observation) -> dict[Subject, int | None]:
    """Return for how many seconds the resolver's answers behind each check stay in caches.

    It is the longest of them, a negative answer's by RFC 2308 section 5; after it everybody who
    asks sees what is there then. None where none of them is known.
    """
    asked = _questions_behind(expected, observed)
    return {check: _find_longest(observed, questions) for check, questions in asked.items()}


def _find_longest(observed: Observation, questions: Iterable[Question]) -> int | None:
    longest: int | None = None
    for question in questions:
        answer = observed.answers.get(question)
        if answer is None or answer.ttl is None or answer.failed:
            continue
        if longest is None or answer.ttl > longest:
            longest = answer.ttl
    return longest


def _questions_behind(expected: Expected, observed: Observation) -> dict[Check, Iterable[Question]]:
    """Return what each check rests on, beside the very records that it is about."""
    domain, apex, types = expected.domain, expected.domain.name, dns.rdatatype
    of = Question.of
    mx = observed.answers.get(of(apex, types.MX))
    targets = () if mx is None else targets_to_resolve(expected, mx)
    return {
        Check.DELEGATION: (of(observed.zone, types.NS), of(apex, types.NS), of(apex, types.CNAME)),
        Check.MX: (*own_questions(Check.MX, expected), *_addresses(targets)),
        Check.SPF: own_questions(Check.SPF, expected),
        Check.DKIM: (*own_questions(Check.DKIM, expected), *other_key_questions(expected)),
        Check.DMARC: own_questions(Check.DMARC, expected),
        **{
            check: _addresses(_there(host_reading.owner_of(expected, check)))
            for check in (Check.WEBMAIL, Check.AUTOCONFIG, Check.AUTODISCOVER)
        },
        Check.SRV: srv.questions(expected),
        Check.MTA_STS: _texts(_there(mta_sts.record_name(domain))),
        Check.TLS_RPT: _texts(_there(tls_rpt.record_name(domain))),
        Check.DANE: tuple(of(name, types.TLSA) for name in _there(tlsa_name(expected.server))),
        Check.DNSSEC: (of(observed.zone, types.DS),),
        Check.CAA: (
            *caa.questions(expected),
            *(of(name, types.CAA) for name in caa.climb(domain)),
        ),
        Check.SERVER: (),
    }


def _addresses(names: Iterable[dns.name.Name]) -> tuple[Question, ...]:
    return tuple(Question.of(name, rdtype) for name in names for rdtype in ADDRESS_TYPES)


def _texts(names: Iterable[dns.name.Name]) -> tuple[Question, ...]:
    return tuple(Question.of(name, dns.rdatatype.TXT) for name in names)


def _there(name: dns.name.Name | None) -> tuple[dns.name.Name, ...]:
    return () if name is None else (name,)
