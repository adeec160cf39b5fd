"""Asks what the optional records need beside the first answers: other names, and one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import dns.name
from dns.rdatatype import CAA, DS, NS, SOA, TXT, A

from bot.checks.optional import caa, mta_sts
from bot.checks.optional import srv as services
from bot.checks.optional.mta_sts_policy import PATH
from bot.dns.answer import Outcome, Question

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Answer, Ask
    from bot.names import Domain
    from bot.net.page import Page
    from bot.records.expected import Expected


class PageFetcher(Protocol):
    """Fetches a page from a host that a zone names; never raises."""

    async def __call__(
        self,
        ask: Ask,
        host: dns.name.Name,
        path: str,
        *,
        post: str = "",
        plain: bool = False,
    ) -> Page:
        """Fetch a page; return it, or how far fetching it came."""
        ...


@dataclass(frozen=True, slots=True)
class OptionalSources:
    """What a check may use beside the resolver; without it, less is found out.

    `unchecked` asks without a check of the signatures. `trust_ad`: the resolver validates and the
    path to it is safe.
    """

    unchecked: Ask | None = None
    fetch: PageFetcher | None = None
    trust_ad: bool = False


def ask_beside(questions: Questions, expected: Expected) -> None:
    """Ask what follows from the first answers about optional records."""
    _ask_other_services(questions, expected)
    _climb_caa(questions, expected, caa.climb(expected.domain))
    _ask_parent(questions, expected.domain)


async def fetch_policy(
    questions: Questions, expected: Expected, fetch: PageFetcher | None, probe: dns.name.Name | None
) -> Page | None:
    """Return the page of an MTA-STS policy.

    None stands for no page that anybody would look for, or nobody or no time to fetch it.
    """
    record = mta_sts.record_name(expected.domain)
    host = mta_sts.policy_host(expected.domain)
    if record is None or host is None or fetch is None:
        return None
    text = await questions(record, TXT)
    address = await questions(host, A)
    lent = None if probe is None else await questions(probe, A)
    if not mta_sts.wants_policy(text, address, lent):
        return None
    return await questions.in_time(fetch(questions, host, PATH))


async def ask_unchecked(
    questions: Questions, observed: Observation, sources: OptionalSources
) -> Answer | None:
    """Ask once without a check of the signatures, where the domain itself only fails.

    An answer then proves that DNSSEC is what is broken. None where there is no need or time to ask.
    """
    answers = observed.apex_answers()
    broken = any(a.outcome is Outcome.SERVFAIL and not a.alias_loop for a in answers)
    if sources.unchecked is None or not broken or not all(a.failed for a in answers):
        return None
    return await questions.in_time(sources.unchecked(observed.domain.name, SOA))


def _ask_other_services(questions: Questions, expected: Expected) -> None:
    """Ask for the other SRV records where one of the first is there."""

    def ask(*answers: Answer) -> None:
        if any(answer.found for answer in answers):
            questions.start(services.other_questions(expected))

    questions.when(services.first_questions(expected), ask)


def _climb_caa(questions: Questions, expected: Expected, names: tuple[dns.name.Name, ...]) -> None:
    """Ask upwards for the first CAA records (RFC 8659 section 3), and beside ones that forbid."""

    def climb(answer: Answer) -> None:
        if answer.found and caa.forbids(answer, expected.server.cert_issuer):
            questions.start(caa.questions(expected))
        if answer.absent:
            _climb_caa(questions, expected, names[1:])

    if names:
        questions.when([Question.of(names[0], CAA)], climb)


def _ask_parent(questions: Questions, domain: Domain) -> None:
    """Ask for the DS of the zone that the domain lies in, where it is no zone of its own."""

    def ask(servers: Answer) -> None:
        zone = servers.zone
        if servers.absent and not servers.chain and zone and zone != dns.name.root:
            questions.start([Question.of(zone, DS)])

    questions.when([Question.of(domain.name, NS)], ask)
