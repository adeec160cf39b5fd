"""Asks a zone's own name servers, all of them, for the text that shows control of a domain.

What a resolver has in its cache counts for nothing but for finding these servers: those that the
zone names, and those that the zone above refers to.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.control_answers import ControlAnswers, ServerTexts
from bot.checks.observe.direct_questions import DirectQuestions
from bot.checks.observe.parent_zone import look_above
from bot.checks.observe.questions import Questions
from bot.checks.observe.zone_servers import find_name_servers
from bot.dns.answer import Question
from bot.records.control_token import control_name

if TYPE_CHECKING:
    from bot.dns.answer import Ask, DirectAnswer
    from bot.dns.authority import Authorities
    from bot.names import Domain

LONGEST = 10.0  # seconds; three questions that nobody answers, one after the other
MOST_SERVERS = 16  # the root has thirteen; nobody who asks for mail has more
MOST_QUESTIONS = 200
MOST_ADDRESSES = 4  # of one name server
TRIES = 2  # of a server that fails: once is an accident


async def look_at_control(
    ask: Ask, authorities: Authorities, domain: Domain, *, seconds: float = LONGEST
) -> ControlAnswers:
    """Return what each name server of the domain's zone has at the name of the record.

    `ask` is the resolver. Each server is asked for a random name beside it as well, which only a
    wildcard answers. No server is asked at an address that `authorities` does not allow.
    """
    name = control_name(domain)
    beside = domain.below(f"_{secrets.token_hex(8)}")
    if name is None or beside is None:
        return ControlAnswers()
    questions = Questions(ask, MOST_QUESTIONS, seconds=seconds)
    try:
        found = await find_name_servers(questions, domain.name)
        if found is None:
            return ControlAnswers()
        zone, names = found
        async with authorities.open() as connections:
            direct = DirectQuestions(questions, authorities, connections)
            direct.keep = 0
            delegation = (await look_above(direct, zone)).delegation
            every = sorted({*names, *(delegation.names if delegation else ())})
            if len(every) > MOST_SERVERS:
                return ControlAnswers(too_many=True)
            look = _Look(direct, zone, name, beside)
            servers = await asyncio.gather(*(look.ask_server(server) for server in every))
    finally:
        questions.cancel()
    return ControlAnswers(tuple(texts for server in servers for texts in server))


class _Look:
    """One run over the zone's name servers, for the record and for a name beside it."""

    def __init__(
        self,
        direct: DirectQuestions,
        zone: dns.name.Name,
        name: dns.name.Name,
        beside: dns.name.Name,
    ) -> None:
        self._direct = direct
        self._zone = zone
        self._record = Question.of(name, dns.rdatatype.TXT)
        self._beside = Question.of(beside, dns.rdatatype.TXT)

    async def ask_server(self, name: dns.name.Name) -> tuple[ServerTexts, ...]:
        """Return what a name server says at each of its addresses."""
        addresses = await self._find_addresses(name)
        if not addresses:
            return (ServerTexts(name),)
        return tuple(await asyncio.gather(*(self._ask(name, address) for address in addresses)))

    async def _ask(self, name: dns.name.Name, address: str) -> ServerTexts:
        record, beside = await asyncio.gather(
            self._ask_until_known(address, self._record),
            self._ask_until_known(address, self._beside),
        )
        return ServerTexts(name, address, record, beside)

    async def _find_addresses(self, name: dns.name.Name) -> tuple[str, ...]:
        """Return the addresses to ask a server at: of IPv6 only where it has no other."""
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await self._direct.questions(name, rdtype)
            reached = [a for a in sorted(answer.addresses()) if self._direct.may_reach(a)]
            if reached or not answer.absent:
                return tuple(reached[:MOST_ADDRESSES])
        return ()

    async def _ask_until_known(self, address: str, question: Question) -> DirectAnswer | None:
        told = None
        for _ in range(TRIES):
            told = await self._direct.ask_zone(address, question, self._zone)
            if told is None or told.is_known or told.is_silent:
                break
        return told
