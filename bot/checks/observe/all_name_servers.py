"""Asks all name servers of a zone the same questions, each at every one of its addresses.

What a resolver has in its cache counts for nothing but for finding these servers: those that the
zone names, and those that the zone above refers to.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.observe.direct_questions import DirectQuestions
from bot.checks.observe.parent_zone import look_above
from bot.checks.observe.questions import Questions
from bot.checks.observe.zone_servers import find_name_servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.dns.answer import Ask, DirectAnswer, Question
    from bot.dns.authority import Authorities

MOST_SERVERS = 16  # the root has thirteen; nobody who asks for mail has more
MOST_ADDRESSES = 4  # of one name server
TRIES = 2  # of a server that fails: once is an accident


@dataclass(frozen=True, slots=True)
class ZoneServers:
    """A zone and all its name servers, sorted; none where nobody names any."""

    zone: dns.name.Name
    names: tuple[dns.name.Name, ...]

    @property
    def are_too_many(self) -> bool:
        """Whether they are more than may be asked."""
        return len(self.names) > MOST_SERVERS


@dataclass(frozen=True, slots=True)
class DirectAnswers:
    """What one name server says at one of its addresses, in the order of the questions.

    An answer is None where there was no room or time for the question. There are no answers where
    the server has no address at which it may be asked.
    """

    name: dns.name.Name
    address: str = ""
    answers: tuple[DirectAnswer | None, ...] = ()


class AllNameServers:
    """One look at zones by what all their name servers say, and not more than it may ask."""

    def __init__(self, direct: DirectQuestions) -> None:
        self._direct = direct

    @classmethod
    @asynccontextmanager
    async def open(
        cls, ask: Ask, authorities: Authorities, *, most: int, seconds: float
    ) -> AsyncIterator[AllNameServers]:
        """Yield a look that asks at most so many questions and takes so many seconds.

        `ask` is the resolver. No server is asked at an address that `authorities` does not allow.
        """
        questions = Questions(ask, most, seconds=seconds)
        try:
            async with authorities.open() as connections:
                direct = DirectQuestions(questions, authorities, connections)
                direct.keep = 0
                yield cls(direct)
        finally:
            questions.cancel()

    async def find(self, name: dns.name.Name) -> ZoneServers | None:
        """Return the zone that a name lies in and its servers; None where nobody tells the zone.

        The resolver is asked for the name, so that it may keep that there is none.
        """
        found = await find_name_servers(self._direct.questions, name)
        if found is None:
            return None
        zone, names = found
        delegation = (await look_above(self._direct, zone)).delegation
        return ZoneServers(zone, tuple(sorted({*names, *(delegation.names if delegation else ())})))

    async def ask(
        self, servers: ZoneServers, questions: Sequence[Question]
    ) -> tuple[DirectAnswers, ...]:
        """Return what each server says at each address, of its zone alone; all at the same time."""
        told = await asyncio.gather(
            *(self._ask_server(servers.zone, name, questions) for name in servers.names)
        )
        return tuple(answers for server in told for answers in server)

    async def _ask_server(
        self, zone: dns.name.Name, name: dns.name.Name, questions: Sequence[Question]
    ) -> tuple[DirectAnswers, ...]:
        addresses = await self._find_addresses(name)
        if not addresses:
            return (DirectAnswers(name),)
        told = await asyncio.gather(*(self._ask(zone, each, questions) for each in addresses))
        return tuple(
            DirectAnswers(name, address, answers)
            for address, answers in zip(addresses, told, strict=True)
        )

    async def _find_addresses(self, name: dns.name.Name) -> tuple[str, ...]:
        """Return the addresses to ask a server at: of IPv6 only where it has no other."""
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await self._direct.questions(name, rdtype)
            reached = [a for a in sorted(answer.addresses()) if self._direct.may_reach(a)]
            if reached or not answer.absent:
                return tuple(reached[:MOST_ADDRESSES])
        return ()

    async def _ask(
        self, zone: dns.name.Name, address: str, questions: Sequence[Question]
    ) -> tuple[DirectAnswer | None, ...]:
        asking = (self._ask_until_known(zone, address, question) for question in questions)
        return tuple(await asyncio.gather(*asking))

    async def _ask_until_known(
        self, zone: dns.name.Name, address: str, question: Question
    ) -> DirectAnswer | None:
        told = None
        for _ in range(TRIES):
            told = await self._direct.ask_zone(address, question, zone)
            if told is None or told.is_known or told.is_silent:
                break
        return told
