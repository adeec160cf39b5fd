"""Finds a name server, and makes of what it says what there is to know about it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from dns.rdatatype import AAAA, SOA

from bot.checks.answers import ADDRESS_TYPES
from bot.checks.authority_view import NameServer, NameServerState
from bot.dns.answer import DirectAnswer, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

    from bot.checks.observe.direct_questions import DirectQuestions
    from bot.dns.answer import Answer

Heard: TypeAlias = Mapping[Question, DirectAnswer]  # what one name server has said


class NameServerReader:
    """Reads what name servers of a zone say to the wanted questions and of empty names."""

    def __init__(
        self,
        direct: DirectQuestions,
        zone: dns.name.Name,
        wanted: tuple[Question, ...],
        empty: tuple[Question, ...],
    ) -> None:
        self.soa = Question.of(zone, SOA)
        self._direct = direct
        self._zone = zone
        self._wanted = wanted
        self._empty = empty

    async def locate(self, name: dns.name.Name) -> NameServer:
        """Return a name server with its address: of IPv6 only where it has no other."""
        return (await self.locate_all([name]))[0]

    async def locate_all(self, names: Sequence[dns.name.Name]) -> list[NameServer]:
        """Return several with their addresses, asked for at the same time."""
        servers = {name: NameServer(name) for name in names}
        lacking = list(names)
        for rdtype in ADDRESS_TYPES:
            asked = [(name, self._direct.questions(name, rdtype)) for name in lacking]
            for name, answering in asked:
                servers[name] = self._locate_by(name, await answering)
            lacking = [n for n in lacking if servers[n].condition is NameServerState.NO_ADDRESS]
        return list(servers.values())

    def _locate_by(self, name: dns.name.Name, answer: Answer) -> NameServer:
        """Return a name server with the address of one answer, as far as that tells of any."""
        addresses = sorted(answer.addresses())
        allowed = [a for a in addresses if self._direct.may_reach(a)]
        if allowed:
            return NameServer(name, allowed[0], addresses=tuple(addresses))
        if not answer.absent:
            return NameServer(name)
        return NameServer(name, condition=NameServerState.NO_ADDRESS)

    async def settle(
        self, servers: Sequence[NameServer], heard: Mapping[dns.name.Name, Heard]
    ) -> list[NameServer]:
        """Return servers with what was heard of each, and with what that makes of it."""
        read = [self._read(server, heard[server.name]) for server in servers]
        doubtful = [server for server in read if self._is_doubtful(server, heard[server.name])]
        # A refusal is meant so; a failure may be one of that moment.
        again = await asyncio.gather(
            *(self.ask_anew(s, times=self._times(heard[s.name])) for s in doubtful)
        )
        settled = {server.name: server for server in (*read, *again)}
        return list(settled.values())

    def _read(self, server: NameServer, heard: Heard) -> NameServer:
        ipv6 = self._direct.questions.known(server.name, AAAA)
        more = ipv6.addresses() if ipv6 else ()
        soa = heard.get(self.soa)
        holds = soa is not None and _holds(soa)
        answers = {q: heard[q] for q in self._wanted if q in heard}
        condition = server.condition
        if heard and all(direct.is_silent for direct in heard.values()):
            condition = NameServerState.SILENT
        elif holds or any(direct.is_known for direct in answers.values()):
            condition = NameServerState.ANSWERS
        return dataclasses.replace(
            server,
            condition=condition,
            addresses=tuple(dict.fromkeys((*server.addresses, *more))),
            answers=MappingProxyType(answers),
            soa=soa.answer if soa is not None and holds else None,
            denied=self._find_denied(heard),
        )

    def _is_doubtful(self, server: NameServer, heard: Heard) -> bool:
        """Whether a server has said something, but nothing that shows that it holds the zone."""
        known = {NameServerState.SILENT, NameServerState.ANSWERS}
        return bool(heard) and server.condition not in known

    def _times(self, heard: Heard) -> int:
        failed = any(d.answer.outcome is Outcome.SERVFAIL for d in heard.values())
        return 2 if failed and self.soa not in heard else 1

    async def ask_anew(self, server: NameServer, times: int) -> NameServer:
        """Return a server that was of no use with what it says to a further question.

        Once is an accident: it was just loading the zone, or had enough questions.
        """
        if not server.address:
            return server
        for _ in range(times):
            soa = await self._direct.ask_zone(server.address, self.soa, self._zone, keep=0)
            if soa is None or soa.is_silent:
                return server
            if _holds(soa):
                answers = NameServerState.ANSWERS
                return dataclasses.replace(server, condition=answers, soa=soa.answer)
        return dataclasses.replace(server, condition=NameServerState.LAME)

    def _find_denied(self, heard: Heard) -> dns.name.Name | None:
        """Return an empty name that a server says does not exist, though it has a key below it."""
        for empty in self._empty:
            told = heard.get(empty)
            if told is None or not told.is_known or told.answer.outcome is not Outcome.NXDOMAIN:
                continue
            below = (d for q, d in heard.items() if q != empty and q.name.is_subdomain(empty.name))
            if not told.answer.chain and any(_has_something(direct) for direct in below):
                return empty.name
        return None


def _holds(soa: DirectAnswer) -> bool:
    """Whether an answer about the SOA shows that its server holds the zone."""
    return soa.is_known and soa.answer.found


def _has_something(direct: DirectAnswer) -> bool:
    return direct.is_known and (direct.answer.found or bool(direct.answer.chain))
