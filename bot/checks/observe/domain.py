"""Asks everything that the judges need to know of one domain.

All questions start at once, the ones that others depend on first (TXT and MX at the domain, then
what follows from their answers), and none is asked twice.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from functools import partial
from typing import TYPE_CHECKING

import dns.name
from dns.rdatatype import AAAA, CNAME, DS, MX, NS, TXT, A

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.dkim import judge as dkim
from bot.checks.dkim.selectors import other_names
from bot.checks.dmarc import judge as dmarc
from bot.checks.observation import Observation
from bot.checks.observe.discovery import discover
from bot.checks.observe.following_questions import (
    ask_first,
    ask_obsolete_spf,
    ask_report_authorisation,
    ask_zone_servers,
    look_for_wildcard,
    resolve_mx_targets,
)
from bot.checks.observe.optional_records import (
    OptionalSources,
    ask_beside,
    ask_unchecked,
    fetch_policy,
)
from bot.checks.observe.questions import LONGEST, MOST_QUESTIONS, Questions
from bot.checks.observe.resolver_faults import InventedAddresses, ask_failed_again
from bot.checks.observe.second_round import further_questions
from bot.checks.observe.silent_zone import SilentServers, ZoneVoice
from bot.checks.observe.spf_strangers import evaluate_strangers
from bot.checks.observe.zone_servers import MOST_SERVERS, look_at_source
from bot.checks.optional import group as extras
from bot.checks.optional import host_reading
from bot.checks.record_ttls import other_key_questions
from bot.dns.answer import Question
from bot.dns.owner_name import owner_of
from bot.dns.spf_evaluate import evaluate_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.authority_view import AuthorityView
    from bot.checks.observe.unhurried import Unhurried
    from bot.dns.answer import Ask
    from bot.dns.authority import Authorities
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.names import Domain
    from bot.records.expected import Expected

MOST_FOR_SPF = 30  # of all, so that an SPF record made to ask much leaves room for the rest


async def observe(
    ask: Ask,
    expected: Expected,
    *,
    single_server: bool = False,
    authorities: Authorities | None = None,
    sources: OptionalSources | None = None,
    silent: SilentServers | None = None,
    unhurried: Unhurried | None = None,
    seconds: float = LONGEST,
) -> Observation:
    """Return what the DNS says of the expected records' domain, after `seconds` at the latest.

    DNS outcomes never raise; what could not be found out is in the answers. `single_server` is
    passed on to the observation. The zone's own name servers are asked where `authorities` says
    which of them may be; `sources` are what may be used beside the resolver. Where the look is
    `unhurried`, nothing else is asked before there is an answer at the domain itself, which takes a
    round trip more; `silent` are the name servers that need not be waited for then.
    """
    questions = Questions(ask, _most_questions(expected), seconds=seconds)
    sources = sources or OptionalSources()

    try:
        # The longest chain goes out before anything else is worked out: SPF and what it includes.
        questions.start([Question.of(expected.domain.name, TXT)])
        probe = make_probe(expected.domain)
        first = _first_questions(expected, probe)
        if unhurried is not None:
            at_apex, servers = _at_apex(expected, first), silent or SilentServers()
            voice = ZoneVoice(questions, expected.domain.name, at_apex, authorities, servers)
            if not await voice.is_heard(unhurried.note_silence):
                return await _observe_silence(
                    questions, expected, voice, sources, single_server=single_server
                )
            await unhurried.give_way()
        ask_first(questions, expected.domain, first)
        invented = InventedAddresses(questions, expected.domain, probe)
        _follow_answers(questions, expected, probe, invented)
        evaluations, source, policy, told = await asyncio.gather(
            _evaluate_spf(questions, expected),
            _look_at_source(questions, expected, authorities),
            fetch_policy(questions, expected, sources.fetch, probe),
            discover(questions, expected, sources.fetch),
        )
        answers = await questions.answers()
        if unhurried is not None:
            await unhurried.give_way()
        if await ask_failed_again(questions, expected.domain, answers):
            evaluations = await _follow(questions, expected)
            answers = await questions.answers()
        observed = Observation.of(
            expected.domain,
            answers,
            spf=evaluations,
            single_server=single_server,
            probe=probe,
            source=source,
            policy=policy,
            discovery=told,
            trust_ad=sources.trust_ad,
        ).without_invented(invented.found())
        # Only where something is missing or wrong at the source: where it may be, and whose it is.
        further = further_questions(expected, observed.at_source())
        await asyncio.sleep(0)  # judges were heard for that, and all are for the report
        if further:
            questions.start(further)
            observed = observed.with_answers(await questions.answers())
            observed = observed.without_invented(invented.found())
        unchecked = await ask_unchecked(questions, observed, sources)
    finally:
        questions.cancel()
    queries = len(questions) + (unchecked is not None)
    return dataclasses.replace(observed, unchecked=unchecked, queries=queries)


def _most_questions(expected: Expected) -> int:
    """Return how much one check may ask: of the other key's record nothing else has to suffer."""
    of_other_key = len(other_key_questions(expected))
    return MOST_QUESTIONS + of_other_key * (1 + MOST_SERVERS)


async def _observe_silence(
    questions: Questions,
    expected: Expected,
    voice: ZoneVoice,
    sources: OptionalSources,
    *,
    single_server: bool,
) -> Observation:
    """Return that nobody answers for a domain, once it is known whether the resolver speaks."""
    await questions(dns.name.root, NS)
    observed = Observation.of(
        expected.domain,
        voice.as_unanswered(),
        single_server=single_server,
        trust_ad=sources.trust_ad,
    )
    unchecked = await ask_unchecked(questions, observed, sources)
    queries = len(questions) + (unchecked is not None)
    return dataclasses.replace(observed, unchecked=unchecked, queries=queries)


def _at_apex(expected: Expected, first: Iterable[Question]) -> list[Question]:
    """Return those of the first questions that are about the domain itself, by its own zone."""
    apex, theirs = owner_of(expected.domain.name), DS
    return [q for q in dict.fromkeys(first) if q.owner == apex and q.rdtype != theirs]


def make_probe(domain: Domain) -> dns.name.Name | None:
    """Return a random name below the domain, to detect a wildcard; None if it would be too long."""
    return domain.below(f"x{secrets.token_hex(8)}")


def _first_questions(expected: Expected, probe: dns.name.Name | None) -> list[Question]:
    """Return what can be asked without knowing anything: chains first, then the leaves."""
    domain, keys = expected.domain.name, dkim.key_names(expected)
    chains = [
        (domain, TXT),
        (domain, MX),
        (expected.server.host, A),
        (expected.server.host, AAAA),
        *((name, TXT) for name in dmarc.walk_names(expected.domain)),
    ]
    leaves = [
        (domain, NS),
        (domain, CNAME),
        (domain, A),
        (domain, AAAA),
        *((name, TXT) for name in keys),
        *((name, TXT) for name in other_names(expected)),
        *((name, CNAME) for name in keys),
        *((name, CNAME) for name in dmarc.own_names(expected.domain)),
        *host_reading.questions(expected),
    ]
    if probe is not None:
        leaves.append((probe, A))
    asked = [Question.of(name, rdtype) for name, rdtype in (*chains, *leaves)]
    return [*asked, *other_key_questions(expected), *extras.first_questions(expected)]


def _follow_answers(
    questions: Questions,
    expected: Expected,
    probe: dns.name.Name | None,
    invented: InventedAddresses,
) -> None:
    """Have asked what follows from the first answers, as these come in."""
    domain = expected.domain
    resolve_mx_targets(questions, expected)
    ask_report_authorisation(questions, expected)
    ask_obsolete_spf(questions, domain)
    ask_zone_servers(questions, domain)
    ask_beside(questions, expected)
    invented.ask()
    look_for_wildcard(questions, probe)


async def _look_at_source(
    questions: Questions, expected: Expected, authorities: Authorities | None
) -> AuthorityView | None:
    """Ask the zone's name servers, and then what their newer answers lead to."""
    if authorities is None:
        return None
    source = await look_at_source(questions, expected, authorities)
    if source is None or not source.changed:
        return source
    there = questions.with_given({q: source.answers[q] for q in source.changed})
    return dataclasses.replace(source, spf=await _follow(there, expected))


async def _follow(questions: Questions, expected: Expected) -> tuple[SpfEvaluation, ...]:
    """Ask anew what follows from answers that have changed; return what SPF comes to by them."""
    resolve_mx_targets(questions, expected)
    ask_report_authorisation(questions, expected)
    return await _evaluate_spf(questions, expected)


async def _evaluate_spf(questions: Questions, expected: Expected) -> tuple[SpfEvaluation, ...]:
    """Evaluate SPF for every address that the mail server sends from (RFC 7208 section 4).

    Where it takes more to tell who else passes, for addresses of strangers as well.
    """
    limited = questions.limited(MOST_FOR_SPF)
    find_addresses = partial(_find_addresses, questions, expected.server.host)
    domain, helo = expected.domain.ascii, expected.server.host_text
    evaluations = await evaluate_all(limited, find_addresses, domain, helo)
    return (*evaluations, *await evaluate_strangers(questions, domain, helo, evaluations))


async def _find_addresses(questions: Questions, host: dns.name.Name) -> list[str]:
    asked = [questions(host, rdtype) for rdtype in ADDRESS_TYPES]
    return [address for answer in asked for address in (await answer).addresses()]
