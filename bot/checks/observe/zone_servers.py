"""Asks the zone's own name servers for the mail records, all of them and at the same time.

No name server is taken to say the same as another. Each is asked for the records and for a TCP
connection, one of them for its SOA and for an empty name, and the zone above for its delegation.
Nothing of this waits for more than the servers' addresses, so that it takes no longer than an SPF
record with its includes. More is asked only where something is wrong.
"""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NS import NS

from bot.checks.authority_view import (
    AuthorityView,
    NameServer,
    NameServerState,
    are_of_no_use,
    network_of,
)
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc import judge as dmarc
from bot.checks.observation import Observation
from bot.checks.observe.direct_questions import DirectQuestions
from bot.checks.observe.name_server_reader import NameServerReader
from bot.checks.observe.parent_zone import look_above
from bot.checks.observe.questions import KEPT_FREE
from bot.checks.observe.second_round import MissingRecords, further_questions
from bot.checks.observe.tcp_reach import TcpReach
from bot.checks.observe.zone_versions import ZoneVersions
from bot.checks.record_ttls import other_key_questions
from bot.dns.answer import Question
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.checks.authority_view import Delegation
    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Answer, DirectAnswer
    from bot.dns.authority import Authorities
    from bot.records.expected import Expected

MOST_SERVERS = 4  # of a zone, at a time
SHORTLY = 0.3  # seconds to wait for the resolver's own answers, which mostly are there by then
FOLLOW_UPS = 4  # questions more, where their answers are not what was to be expected
KEPT_FOR_SPF = 8  # questions: what may be left to read of SPF records when the servers are asked

_Telling: TypeAlias = "tuple[NameServer, Question, asyncio.Future[DirectAnswer | None]]"


async def look_at_source(
    questions: Questions, expected: Expected, authorities: Authorities
) -> AuthorityView | None:
    """Return what the name servers of the domain's zone say; None where nobody knows these.

    What is asked of them counts among the check's questions. A server that is away takes the time
    of one question; none is asked at an address that `authorities` does not allow.
    """
    found = await find_name_servers(questions, expected.domain.name)
    if found is None:
        return None
    zone, names = found
    # On its way since the check began. Only a zone that has it is signed for everybody.
    delegated = await questions(zone, dns.rdatatype.DS)
    async with authorities.open(signed=delegated.found) as connections:
        direct = DirectQuestions(questions, authorities, connections)
        return await _Look(direct, expected, zone).run(names)


async def find_name_servers(
    questions: Questions, domain: dns.name.Name
) -> tuple[dns.name.Name, list[dns.name.Name]] | None:
    """Return the apex of the zone that a domain lies in, and its name servers in their order.

    There are none where nobody answers for the zone; the one above may name them.
    """
    zone = domain
    answer = await questions(domain, dns.rdatatype.NS)
    if answer.absent and answer.zone is not None and not answer.chain:
        zone = answer.zone
        if zone == domain or not domain.is_subdomain(zone) or is_public_suffix(zone):
            return None
        answer = await questions(zone, dns.rdatatype.NS)
    if answer.chain or answer.absent or answer.alias_loop or answer.unasked or answer.late:
        return None
    return zone, sorted({rdata.target for rdata in answer.rdatas if isinstance(rdata, NS)})


class _Look:
    """One run over the zone's name servers."""

    def __init__(self, direct: DirectQuestions, expected: Expected, zone: dns.name.Name) -> None:
        self._direct = direct
        self._questions = direct.questions
        self._expected = expected
        self._zone = zone
        self._tcp = TcpReach(direct)
        apex = expected.domain.name
        keys = dkim.key_names(expected)
        wanted = (
            Question.of(apex, dns.rdatatype.TXT),
            Question.of(apex, dns.rdatatype.MX),
            *(Question.of(name, dns.rdatatype.TXT) for name in keys),
            *(Question.of(name, dns.rdatatype.TXT) for name in dmarc.own_names(expected.domain)),
            *other_key_questions(expected),
        )
        self._wanted = tuple(q for q in wanted if q.name.is_subdomain(zone))
        # The names above the keys have no records, and exist all the same (RFC 8020 section 2).
        self._empty = tuple(dict.fromkeys(Question.of(k.parent(), dns.rdatatype.TXT) for k in keys))
        self._reader = NameServerReader(direct, zone, self._wanted, self._empty)

    async def run(self, names: list[dns.name.Name]) -> AuthorityView | None:
        """Return what these name servers say; if none is known, those that the zone above names."""
        above = asyncio.create_task(look_above(self._direct, self._zone))
        try:
            if not names:
                delegation = (await above).delegation
                names = list(delegation.names) if delegation else []
            if not names:
                return None
            servers = await self._ask_servers(names[:MOST_SERVERS])
            if are_of_no_use(servers):
                # The resolver's list may be one from before a move.
                delegation = (await above).delegation
                others = [*(delegation.names if delegation else ()), *names]
                servers = await self._look_for_use(servers, others)
            versions = ZoneVersions(self._direct, self._zone, self._expected.domain.name)
            view, parent = await versions.compare(servers), await above
            answers = any(s.condition is NameServerState.ANSWERS for s in servers)
            if parent.intercepted and not answers:
                return None  # no name server was reached
            names, delegation = await self._confirm(names, view, parent.delegation)
            listed = {*names, *(delegation.names if delegation else ())}
            return dataclasses.replace(
                view,
                servers=tuple(
                    s
                    for s in view.servers
                    if s.name in listed or s.condition is NameServerState.ANSWERS
                ),
                names=tuple(names),
                delegation=delegation,
                no_tcp=await self._tcp.find_without(view.servers, parent.address),
            )
        finally:
            above.cancel()

    async def _ask_servers(self, names: list[dns.name.Name]) -> list[NameServer]:
        """Find these name servers and ask all of them; what matters most is asked first.

        So the room for questions ends, where it does, with what matters least.
        """
        servers = await self._reader.locate_all(names)
        with suppress(TimeoutError):
            async with asyncio.timeout(SHORTLY):
                for answering in [self._questions(*question) for question in self._wanted]:
                    await answering
        self._direct.keep = self._count_kept()
        asked: list[tuple[NameServer, Question]] = []
        reached = [server for server in servers if server.address]
        for first in reached[:1]:
            asked += [(first, q) for q in (self._reader.soa, *self._wanted, *self._empty)]
        asked += [(server, q) for q in self._doubtful_first() for server in reached[1:]]
        heard: dict[dns.name.Name, dict[Question, DirectAnswer]] = {s.name: {} for s in servers}
        telling, others = self._ask(asked), self._ask_other_addresses(servers)
        self._tcp.start(reached)
        await self._hear(telling, heard)
        for answering in others:
            await answering
        await self._tcp.wait()
        self._direct.keep -= FOLLOW_UPS
        if any(direct.is_known for told in heard.values() for direct in told.values()):
            # By now there may be more room: less is left to read of SPF records.
            left = [(server, q) for server, q in asked if q not in heard[server.name]]
            telling = self._ask(left)
            self._tcp.start(reached)
            await self._hear(telling, heard)
            await self._tcp.wait()
        return await self._reader.settle(servers, heard)

    def _ask(self, asked: list[tuple[NameServer, Question]]) -> list[_Telling]:
        """Ask servers these questions."""
        return [(server, q, self._direct.ask(server.address, q)) for server, q in asked]

    async def _hear(
        self,
        telling: list[_Telling],
        heard: dict[dns.name.Name, dict[Question, DirectAnswer]],
    ) -> None:
        """Put down what the servers say."""
        for server, question, answering in telling:
            direct = await answering
            if direct is not None:
                heard[server.name][question] = direct.within(self._zone)

    async def _look_for_use(
        self, servers: list[NameServer], names: Sequence[dns.name.Name]
    ) -> list[NameServer]:
        """Return servers of no use with those further ones, up to the first that may be of some.

        Each is asked for no more than whether it answers, as little room is left.
        """
        servers = list(servers)
        for name in names:
            if are_of_no_use(servers) and all(server.name != name for server in servers):
                server = await self._reader.locate(name)
                servers.append(await self._reader.ask_anew(server, times=1))
        return servers

    def _ask_other_addresses(self, servers: Sequence[NameServer]) -> list[asyncio.Future[Answer]]:
        """Ask for IPv6 addresses where all the others lie in one network."""
        if len(servers) < 2 or not network_of(servers):
            return []
        return [self._questions(server.name, dns.rdatatype.AAAA) for server in servers]

    def _doubtful_first(self) -> list[Question]:
        """Return what is wanted, with what the resolver did not find before the rest."""
        known = {question: self._questions.known(*question) for question in self._wanted}
        return sorted(known, key=lambda q: (answer := known[q]) is not None and answer.found)

    def _count_kept(self) -> int:
        """Return how many questions others may still need, by the answers that are there.

        They are for SPF, and for what is missing.
        """
        known = [self._questions.known(*question) for question in self._wanted]
        answers = [answer for answer in known if answer is not None and not answer.failed]
        if len(answers) < len(known):
            return KEPT_FREE
        if MissingRecords.of(self._expected, self._observe(answers)) == MissingRecords():
            return KEPT_FOR_SPF
        further = further_questions(self._expected, self._observe(self._questions.so_far()))
        return min(KEPT_FREE, KEPT_FOR_SPF + len(further))

    def _observe(self, answers: Iterable[Answer]) -> Observation:
        return Observation.of(self._expected.domain, answers)

    async def _confirm(
        self, names: list[dns.name.Name], view: AuthorityView, delegation: Delegation | None
    ) -> tuple[list[dns.name.Name], Delegation | None]:
        """Return the zone's own list of its name servers, and that of the zone above.

        Where they differ, a server that the zone above names is asked for its list: another may
        be one of an earlier provider, which serves the zone as it was. With no such answer there
        is nothing to compare.
        """
        if delegation is None or set(delegation.names) == set(names):
            return names, delegation
        if are_of_no_use(view.servers):
            return list(delegation.names), delegation  # which is all that there is of the zone
        address = await self._find_speaker(view, delegation)
        question = Question.of(self._zone, dns.rdatatype.NS)
        told = await self._direct.ask_zone(address, question, self._zone, keep=0)
        if told is None or not told.is_known:
            return names, None
        listed = {rdata.target for rdata in told.answer.rdatas if isinstance(rdata, NS)}
        return (sorted(listed), delegation) if listed else (names, None)

    async def _find_speaker(self, view: AuthorityView, delegation: Delegation) -> str:
        """Return the address of a server that the zone above names; of one that answers, if any."""
        asked = {server.name: server for server in view.servers}
        for name in delegation.names:
            if name in asked and asked[name].condition is NameServerState.ANSWERS:
                return asked[name].address
        unasked = [name for name in delegation.names if name not in asked]
        return (await self._reader.locate(unasked[0])).address if unasked else ""
