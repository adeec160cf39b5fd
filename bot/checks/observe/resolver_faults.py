"""Tests the resolver where its answers look wrong: it may fail once, or invent addresses."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import dns.name
from dns.rdatatype import MX, NS, TXT, A

from bot.checks.answers import ADDRESS_TYPES
from bot.dns.answer import Outcome, Question

if TYPE_CHECKING:
    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Answer
    from bot.names import Domain

MOST_AGAIN = 8  # questions of a check that are asked a second time
PAUSE = 1.1  # seconds: for one of them a resolver keeps a failure at least (RFC 9520 section 3.2)
# No name of the first exists (RFC 6761 section 6.4), which some resolvers know and deny honestly;
# the other has no wildcard, as an ending near the domain may have.
_ENDINGS = (dns.name.from_text("invalid."), dns.name.from_text("com."))


async def ask_failed_again(questions: Questions, domain: Domain, answers: list[Answer]) -> bool:
    """Ask once more what failed among these answers, after a pause; return whether anything did.

    Where the domain has no good answer it is no accident, and is not asked about again; nor is one
    that fails for its signatures.
    """
    failed = [
        a.question
        for a in answers
        if a.outcome is Outcome.SERVFAIL and not a.alias_loop and not a.names_dnssec
    ]
    if not failed or not any(_is_good(answer, domain) for answer in answers):
        return False
    await questions.in_time(asyncio.sleep(PAUSE))
    return questions.ask_again(failed[:MOST_AGAIN]) > 0


def _is_good(answer: Answer, domain: Domain) -> bool:
    return answer.question.name == domain.name and not answer.failed


class InventedAddresses:
    """The addresses that the resolver gives to names which do not exist; mostly none.

    It is tried where only such a resolver, or a zone that may well exist, gives an answer: a domain
    with an address and nothing else, or a random name below it (`probe`) with one.
    """

    def __init__(self, questions: Questions, domain: Domain, probe: dns.name.Name | None) -> None:
        self._questions = questions
        self._domain = domain.name
        self._probe = probe
        self._made_up: list[Question] = []

    def ask(self) -> None:
        """Ask for a name that does not exist, once there is reason to."""
        questions = [Question.of(self._domain, rdtype) for rdtype in (NS, MX, TXT)]
        self._questions.when(questions, self._suspect)

    def found(self) -> frozenset[str]:
        """Return the addresses that have come for such a name by now."""
        answers = (self._questions.known(*question) for question in self._made_up)
        return frozenset(a for answer in answers if answer for a in answer.addresses())

    def _suspect(self, *of_domain: Answer) -> None:
        suspects = [] if self._probe is None else [Question.of(self._probe, A)]
        if not any(answer.found for answer in of_domain):
            suspects += [Question.of(self._domain, rdtype) for rdtype in ADDRESS_TYPES]
        self._questions.when(suspects, self._try)

    def _try(self, *suspects: Answer) -> None:
        types = {a.question.rdtype for a in suspects if a.found and not a.chain}
        if not types:
            return
        label = f"x{secrets.token_hex(8)}".encode()
        made_up = [dns.name.Name((label, *ending.labels)) for ending in _ENDINGS]
        asked = [Question.of(name, t) for name in made_up for t in ADDRESS_TYPES if t in types]
        self._made_up = asked
        self._questions.start(asked)
