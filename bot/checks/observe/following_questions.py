"""Asks the first questions, and what follows from answers as soon as these are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
from dns.rdatatype import AAAA, MX, NS, SPF, TXT, A

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.dmarc import judge as dmarc
from bot.checks.mx.targets import targets_to_resolve
from bot.checks.observation import Observation
from bot.dns.answer import Outcome, Question
from bot.dns.owner_name import owner_of
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Answer
    from bot.names import Domain
    from bot.records.expected import Expected


def ask_first(questions: Questions, domain: Domain, first: Sequence[Question]) -> None:
    """Ask what can be asked without knowing anything, and for the root where one is not answered.

    Then it may be the resolver that is silent. What is kept of the mail host's answers is no proof
    that it speaks now.
    """
    owner = owner_of(domain.name)

    def ask_root(*answers: Answer) -> None:
        apex = [answer for answer in answers if answer.question.owner == owner]
        silent = any(answer.outcome is Outcome.TIMEOUT for answer in answers)
        if silent or all(answer.failed for answer in apex):
            questions.start([Question.of(dns.name.root, NS)])

    questions.when(first, ask_root)


def resolve_mx_targets(questions: Questions, expected: Expected) -> None:
    """Ask for the addresses of the hosts that MX records name."""

    def resolve(exchanges: Answer) -> None:
        targets = targets_to_resolve(expected, exchanges)
        questions.start(Question.of(name, t) for name in targets for t in ADDRESS_TYPES)

    questions.when([Question.of(expected.domain.name, MX)], resolve)


def ask_report_authorisation(questions: Questions, expected: Expected) -> None:
    """Ask the domains that reports go to whether they want them (RFC 9990 section 4)."""

    def ask(*walked: Answer) -> None:
        names = dmarc.report_names(Observation.of(expected.domain, walked), expected)
        questions.start(Question.of(name, TXT) for name in names)

    walk = dmarc.walk_names(expected.domain)
    questions.when((Question.of(name, TXT) for name in walk), ask)


def ask_obsolete_spf(questions: Questions, domain: Domain) -> None:
    """Ask for the SPF record type, which nobody reads (RFC 7208 section 3.1), if TXT has none."""

    def ask(text: Answer) -> None:
        is_there = any(t.strip().lower().startswith(b"v=spf1") for t in text.texts())
        if not text.failed and not is_there:
            questions.start([Question.of(domain.name, SPF)])

    questions.when([Question.of(domain.name, TXT)], ask)


def ask_zone_servers(questions: Questions, domain: Domain) -> None:
    """Ask for the zone's name servers where the domain is no zone of its own."""

    def ask(denied: Answer) -> None:
        zone = Observation.of(domain, [denied]).zone
        if not is_public_suffix(zone):  # a registry's servers are nobody's provider
            questions.start([Question.of(zone, NS)])

    questions.when([Question.of(domain.name, NS)], ask)


def look_for_wildcard(questions: Questions, probe: dns.name.Name | None) -> None:
    """Ask what else a random name has that is there without an address: a wildcard lends it that.

    It is asked while there is room, as nothing is wrong with names that only a wildcard answers.
    """

    def look(address: Answer) -> None:
        if address.outcome is Outcome.NODATA:
            questions.start([Question.of(probe, AAAA)])  # type: ignore[arg-type]  # there is one

    if probe is not None:
        questions.when([Question.of(probe, A)], look)
