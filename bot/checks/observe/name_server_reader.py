"""Finds a name server, and makes of what it says what there is to know about it."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.authority_view import NameServer, NameServerState
from bot.dns.answer import Outcome, Question

if TYPE_CHECKING:
    from bot.checks.observe.direct_questions import DirectQuestions
    from bot.dns.answer import DirectAnswer


class NameServerReader:
    """Reads what name servers of a zone say to the wanted questions and of empty names."""

    def __init__(
        self,
        direct: DirectQuestions,
        zone: dns.name.Name,
        wanted: tuple[Question, ...],
        empty: tuple[Question, ...],
    ) -> None:
        self.soa = Question.of(zone, dns.rdatatype.SOA)
        self._direct = direct
        self._zone = zone
        self._wanted = wanted
        self._empty = empty

    async def locate(self, name: dns.name.Name) -> NameServer:
        """Return a name server with its address: of IPv6 only where it has no other."""
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await self._direct.questions(name, rdtype)
            addresses = sorted(answer.addresses())
            allowed = [a for a in addresses if self._direct.may_reach(a)]
            if allowed:
                return NameServer(name, allowed[0], addresses=tuple(addresses))
            if not answer.absent:
                return NameServer(name)
        return NameServer(name, condition=NameServerState.NO_ADDRESS)

    async def settle(self, server: NameServer, heard: dict[Question, DirectAnswer]) -> NameServer:
        """Return a server with what was heard of it, and with what that makes of it."""
        ipv6 = self._direct.questions.known(server.name, dns.rdatatype.AAAA)
        more = ipv6.addresses() if ipv6 else ()
        soa = heard.get(self.soa)
        server = dataclasses.replace(
            server,
            addresses=tuple(dict.fromkeys((*server.addresses, *more))),
            answers=MappingProxyType({q: heard[q] for q in self._wanted if q in heard}),
            soa=soa.answer if soa is not None and _holds(soa) else None,
            denied=self._find_denied(heard),
        )
        if not heard:
            return server
        if all(direct.is_silent for direct in heard.values()):
            return dataclasses.replace(server, condition=NameServerState.SILENT)
        if server.soa is not None or any(direct.is_known for direct in server.answers.values()):
            return dataclasses.replace(server, condition=NameServerState.ANSWERS)
        # A refusal is meant so; a failure may be one of that moment.
        failed = any(d.answer.outcome is Outcome.SERVFAIL for d in heard.values())
        return await self.ask_anew(server, times=2 if failed and soa is None else 1)

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

    def _find_denied(self, heard: dict[Question, DirectAnswer]) -> dns.name.Name | None:
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
