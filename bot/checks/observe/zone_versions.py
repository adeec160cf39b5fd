"""Compares what a zone's name servers say of the mail records, with each other and the resolver."""

from __future__ import annotations

import asyncio
import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

from dns.rdatatype import CNAME, SOA

from bot.checks.authority_view import (
    AuthorityView,
    NameServer,
    NameServerState,
    failing_at,
    is_outdated,
    majority_of,
    newest,
    sides_of,
)
from bot.dns.answer import Question
from bot.dns.parsed_reply import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import dns.name

    from bot.checks.observe.direct_questions import DirectQuestions
    from bot.dns.answer import Answer, DirectAnswer


class ZoneVersions:
    """One comparison of the name servers of a zone, as to the mail records of a domain in it."""

    def __init__(self, direct: DirectQuestions, zone: dns.name.Name, apex: dns.name.Name) -> None:
        self._direct = direct
        self._zone = zone
        self._apex = apex

    async def compare(self, servers: Sequence[NameServer]) -> AuthorityView:
        """Return what the servers say, which differs, and what the resolver says otherwise.

        Their serials are asked for where there is a dispute; where these do not tell who is right,
        a majority does.
        """
        servers = await self._ask_failed_again(servers)
        disputed = dict.fromkeys((*self._find_disputed(servers), *self._find_failing(servers)))
        if disputed or newest(servers) is None:
            servers = await self._ask_versions(servers, everyone=bool(disputed))
        best = newest(servers)
        if best is None:
            return AuthorityView(self._zone, tuple(servers), disputed=tuple(disputed))
        side: Sequence[NameServer] = [s for s in servers if not s.is_older(best)]
        if disputed:
            side = self._find_side(side)
        unclear = not side
        best = newest(side) or best
        questions = self._direct.questions
        seen = {question: await questions(*question) for question in best.answers}
        changed = [q for q, direct in best.answers.items() if self._is_outdated(seen[q], direct)]
        if unclear:
            changed = []
        aliases = [q for q in changed if seen[q].chain[:1] != best.answers[q].answer.chain[:1]]
        best = await self._ask_more(best, [Question(q.owner, CNAME) for q in aliases])
        answers = await self._finish(best, changed)
        changed += [q for q in answers if q.rdtype == CNAME]
        return AuthorityView(
            self._zone,
            tuple(servers),
            MappingProxyType(answers),
            tuple(q for q in changed if not answers[q].failed),
            tuple(disputed),
            unclear,
        )

    def _find_disputed(self, servers: Iterable[NameServer]) -> list[Question]:
        """Return the questions that the servers answer differently."""
        servers = list(servers)
        asked = dict.fromkeys(question for server in servers for question in server.answers)
        return [q for q in asked if len(sides_of(q, servers, self._apex)) > 1]

    def _find_failing(self, servers: Sequence[NameServer]) -> list[Question]:
        """Return the questions at which one of the servers fails, and another does not."""
        asked = dict.fromkeys(question for server in servers for question in server.answers)
        return [question for question in asked if failing_at(question, servers)]

    async def _ask_failed_again(self, servers: Sequence[NameServer]) -> Sequence[NameServer]:
        """Return the servers with what they say anew where they failed; once is an accident."""
        if not self._find_failing(servers):
            return servers
        failed = {s.name: [q for q in s.answers if s in failing_at(q, servers)] for s in servers}
        return await asyncio.gather(*(self._ask_more(s, failed[s.name]) for s in servers))

    def _find_side(self, side: Sequence[NameServer]) -> Sequence[NameServer]:
        """Return those of the servers that agree, and are more than any others; none if so many."""
        while disputed := self._find_disputed(side):
            side = majority_of(sides_of(disputed[0], side, self._apex))
        return side

    async def _ask_versions(
        self, servers: Sequence[NameServer], *, everyone: bool
    ) -> list[NameServer]:
        """Return the servers with their SOA records: of everyone who answers, or of the first."""
        lacking = [
            s for s in servers if s.condition is NameServerState.ANSWERS and s.version is None
        ]
        question = Question.of(self._zone, SOA)
        asked = lacking if everyone else lacking[:1]
        told = await asyncio.gather(
            *(self._direct.ask_zone(s.address, question, self._zone, keep=0) for s in asked)
        )
        known = {
            server.name: dataclasses.replace(server, soa=direct.answer)
            for server, direct in zip(asked, told, strict=True)
            if direct is not None and direct.is_known
        }
        return [known.get(server.name, server) for server in servers]

    async def _ask_more(self, server: NameServer, wanted: Sequence[Question]) -> NameServer:
        """Return the server with its answers to these questions as well."""
        if not wanted:
            return server
        told = await asyncio.gather(
            *(self._direct.ask_zone(server.address, q, self._zone) for q in wanted)
        )
        new = {q: t for q, t in zip(wanted, told, strict=True) if t is not None}
        return dataclasses.replace(server, answers=MappingProxyType({**server.answers, **new}))

    def _is_outdated(self, seen: Answer, direct: DirectAnswer) -> bool:
        return is_outdated(seen, direct, at_apex=seen.question.name == self._apex)

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
                    direct.answer, await self._direct.questions(target, question.rdtype)
                )
        return answers
