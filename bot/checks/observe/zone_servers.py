"""Asks the zone's own name servers for the mail records, with few questions if all is well.

Each is asked for its SOA, and one of them for the records. The others are asked for these only
where serials differ or the resolver says something else, so that nothing here takes longer than
an SPF record with its includes.
"""

from __future__ import annotations

import asyncio
import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NS import NS

from bot.checks.authority_view import (
    AuthorityView,
    NameServer,
    NameServerState,
    is_outdated,
    newest,
    tells_apart,
)
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc import judge as dmarc
from bot.dns.answer import Question
from bot.dns.parsed_reply import join
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.checks.observe.questions import Questions
    from bot.dns.answer import Answer, DirectAnswer
    from bot.dns.authority import Authorities, Connections
    from bot.records.expected import Expected

MOST_SERVERS = 4  # of a zone


async def look_at_source(
    questions: Questions, expected: Expected, authorities: Authorities
) -> AuthorityView | None:
    """Return what the name servers of the domain's zone say; None where nobody knows these.

    What is asked of them counts among the check's questions. A server that is away takes the time
    of one question; none is asked at an address that `authorities` does not allow.
    """
    found = await _find_name_servers(questions, expected.domain.name)
    if found is None:
        return None
    zone, names = found
    async with authorities.open() as connections:
        look = _Look(questions, expected, authorities, connections, zone)
        return await look.run(names)


async def _find_name_servers(
    questions: Questions, domain: dns.name.Name
) -> tuple[dns.name.Name, list[dns.name.Name]] | None:
    """Return the apex of the zone that a domain lies in, and its name servers in their order."""
    zone = domain
    answer = await questions(domain, dns.rdatatype.NS)
    if answer.absent and answer.zone is not None and not answer.chain:
        zone = answer.zone
        if zone == domain or not domain.is_subdomain(zone) or is_public_suffix(zone):
            return None
        answer = await questions(zone, dns.rdatatype.NS)
    if answer.chain:
        return None
    names = {rdata.target for rdata in answer.rdatas if isinstance(rdata, NS)}
    return (zone, sorted(names)[:MOST_SERVERS]) if names else None


class _Look:
    """One run over the zone's name servers: the questions, the servers and their answers."""

    def __init__(
        self,
        questions: Questions,
        expected: Expected,
        authorities: Authorities,
        connections: Connections,
        zone: dns.name.Name,
    ) -> None:
        self._questions = questions
        self._authorities = authorities
        self._connections = connections
        self._zone = zone
        self._apex = expected.domain.name
        names = (*dkim.key_names(expected), *dmarc.own_names(expected.domain))
        self._wanted = (
            Question(self._apex, dns.rdatatype.TXT),
            Question(self._apex, dns.rdatatype.MX),
            *(Question(name, dns.rdatatype.TXT) for name in names),
        )

    async def run(self, names: list[dns.name.Name]) -> AuthorityView:
        first, *others = names
        servers = list(
            await asyncio.gather(
                self._ask_name_server(first, self._wanted),
                *(self._ask_name_server(name) for name in others),
            )
        )
        servers = await self._ask_each_version(servers)
        best = newest(servers)
        if best is None:
            return AuthorityView(self._zone, tuple(servers))
        seen = {question: await self._questions(*question) for question in best.answers}
        changed = [q for q, direct in best.answers.items() if self._is_outdated(seen[q], direct)]
        if changed:
            servers = list(await asyncio.gather(*(self._ask_more(s, changed) for s in servers)))
        disputed = self._disputed(best, servers)
        unclear = bool(self._disputed(best, [s for s in servers if not s.is_older(best)]))
        if unclear:
            changed = []
        aliases = [q for q in changed if seen[q].chain[:1] != best.answers[q].answer.chain[:1]]
        best = await self._ask_more(best, (Question(q.name, dns.rdatatype.CNAME) for q in aliases))
        answers = await self._finish(best, changed)
        changed += [q for q in answers if q.rdtype == dns.rdatatype.CNAME]
        return AuthorityView(
            self._zone,
            tuple(servers),
            MappingProxyType(answers),
            tuple(q for q in changed if not answers[q].failed),
            tuple(disputed),
            unclear,
        )

    async def _ask_name_server(
        self, name: dns.name.Name, wanted: Iterable[Question] = ()
    ) -> NameServer:
        """Find a name server's address, and ask it for its SOA and for more at the same time."""
        server = await self._locate(name)
        if not server.address:
            return server
        soa_question = Question(self._zone, dns.rdatatype.SOA)
        soa, server = await asyncio.gather(
            self._ask(server.address, soa_question), self._ask_more(server, wanted)
        )
        heard = [direct for direct in (soa, *server.answers.values()) if direct is not None]
        if all(direct.is_silent for direct in heard):
            return dataclasses.replace(
                server, condition=NameServerState.SILENT if heard else NameServerState.UNASKED
            )
        if soa is None or not _holds(soa):
            # Once is an accident: it was just loading the zone, or had enough questions.
            soa = await self._ask(server.address, soa_question)
        if soa is None or soa.is_silent:
            return server
        condition = NameServerState.ANSWERS if _holds(soa) else NameServerState.LAME
        return dataclasses.replace(server, condition=condition, soa=soa.answer)

    async def _locate(self, name: dns.name.Name) -> NameServer:
        """Return a name server with its address: of IPv6 only where it has no other."""
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await self._questions(name, rdtype)
            addresses = sorted(str(getattr(rdata, "address", "")) for rdata in answer.rdatas)
            allowed = [a for a in addresses if a and self._authorities.may_reach(a)]
            if allowed:
                return NameServer(name, allowed[0])
            if not answer.absent:
                return NameServer(name)
        return NameServer(name, condition=NameServerState.NO_ADDRESS)

    async def _ask_each_version(self, servers: list[NameServer]) -> list[NameServer]:
        """Ask one server of each version of the zone for the records, where none was yet."""
        best = newest(servers)
        heard = {s.version for s in servers if any(t.is_known for t in s.answers.values())}
        asked = []
        for server in (best, *servers):
            if server is not None and server.version is not None and server.version not in heard:
                heard.add(server.version)
                asked.append(server)
        more = await asyncio.gather(*(self._ask_more(server, self._wanted) for server in asked))
        by_name = {server.name: server for server in more}
        return [by_name.get(server.name, server) for server in servers]

    async def _ask_more(self, server: NameServer, wanted: Iterable[Question]) -> NameServer:
        """Return the server with its answers to these questions, asked where they were not yet."""
        if server.condition in {NameServerState.LAME, NameServerState.SILENT} or not server.address:
            return server
        missing = [q for q in wanted if q not in server.answers and q.name.is_subdomain(self._zone)]
        direct = await asyncio.gather(*(self._ask(server.address, q) for q in missing))
        new = {q: t for q, t in zip(missing, direct, strict=True) if t is not None}
        return dataclasses.replace(server, answers=MappingProxyType({**server.answers, **new}))

    async def _ask(self, address: str, question: Question) -> DirectAnswer | None:
        """Return what a server says; None where the check has no question or time left for it."""
        if not self._questions.spend():
            return None
        direct = await self._questions.in_time(self._connections.ask(address, question))
        return None if direct is None else direct.within(self._zone)

    def _is_outdated(self, seen: Answer, direct: DirectAnswer) -> bool:
        return is_outdated(seen, direct, at_apex=seen.question.name == self._apex)

    def _disputed(self, best: NameServer, servers: Sequence[NameServer]) -> list[Question]:
        """Return the questions to which one of the servers says something else than the best."""
        return [
            question
            for question, direct in best.answers.items()
            if any(
                tells_apart(direct, other.answers[question], at_apex=question.name == self._apex)
                for other in servers
                if question in other.answers
            )
        ]

    async def _finish(self, best: NameServer, changed: list[Question]) -> dict[Question, Answer]:
        """Return the best server's answers, with aliases out of its zones followed elsewhere."""
        answers: dict[Question, Answer] = {}
        for question, direct in best.answers.items():
            if not direct.is_known:
                continue
            if not direct.unfinished:
                answers[question] = direct.answer
            elif question in changed:
                target = direct.answer.chain[-1]
                answers[question] = join(
                    direct.answer, await self._questions(target, question.rdtype)
                )
        return answers


def _holds(soa: DirectAnswer) -> bool:
    """Whether an answer about the SOA shows that its server holds the zone."""
    return soa.is_known and soa.answer.found
