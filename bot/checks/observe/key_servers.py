"""Asks a zone's own name servers, all of them, for a domain's old and new key record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from dns.rdatatype import CNAME, SOA, TXT

from bot.checks.dkim.held_keys import UNANSWERED, follow, read_held, worst_of
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.server_records import ServerRecord, ServerRecords
from bot.checks.observe.all_name_servers import AllNameServers
from bot.dns.answer import Question
from bot.public_suffix import is_public_suffix
from bot.records.dkim_key import DkimRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

    from bot.checks.dkim.held_keys import HeldKey
    from bot.checks.observe.all_name_servers import DirectAnswers, ZoneServers
    from bot.dns.answer import Ask, DirectAnswer
    from bot.dns.authority import Authorities
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey

LONGEST = 20.0  # seconds; name servers of a zone, and of two that aliases lead to, all silent
MOST_QUESTIONS = 500
MOST_ALIASES = 3  # out of a zone, one after the other


async def look_at_keys(  # noqa: PLR0917 - a look is asked for with the last four in this order
    ask: Ask,
    authorities: Authorities,
    domain: Domain,
    old: KnownKey,
    selector: str,
    value: str,
    *,
    seconds: float = LONGEST,
) -> ServerRecords:
    """Return what each name server of the domain's zone has of both records.

    `ask` is the resolver, which is never asked for the names of the records: it would keep that
    there is nothing. Where such a name is an alias out of the zone, what counts is what all name
    servers have there. No server is asked at an address that `authorities` does not allow.
    """
    new_name, old_name = selector_name(domain, selector), selector_name(domain, old.selector)
    if new_name is None or old_name is None:
        return ServerRecords()
    wanted = (_Wanted(new_name, DkimRecord.read(value)), _Wanted(old_name, old.record))
    opened = AllNameServers.open(ask, authorities, most=MOST_QUESTIONS, seconds=seconds)
    async with opened as every:
        servers = await every.find(domain.name)
        if servers is None:
            return ServerRecords()
        look = _Look(every, wanted)
        found = await look.run(servers)
        if found.knows_no_key:  # a zone of its own may hold all keys
            below = await every.find(new_name.parent())
            if below is not None and below.names and below.zone == new_name.parent():
                found = await look.run(below)
        return found.records


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A key record: where it is to be, and what it is to hold."""

    name: dns.name.Name
    record: DkimRecord


@dataclass(frozen=True, slots=True)
class _Found:
    """What a zone's servers have; `knows_no_key`: they speak for the zone, and not for the keys."""

    records: ServerRecords
    knows_no_key: bool = False


class _Look:
    """One run for the records over a zone's name servers, and over those where aliases lead."""

    def __init__(self, every: AllNameServers, wanted: tuple[_Wanted, _Wanted]) -> None:
        self._every = every
        self._wanted = wanted

    async def run(self, servers: ZoneServers) -> _Found:
        """Return what each of these servers has."""
        if servers.are_too_many:
            nobody_asked = (_Held(name, UNANSWERED, UNANSWERED) for name in servers.names)
            return _Found(_join(tuple(nobody_asked)))
        questions = (*(Question.of(w.name, TXT) for w in self._wanted), _soa_of(servers))
        told = await self._every.ask(servers, questions)
        news, olds = await asyncio.gather(
            *(
                self._read(servers, told, at, wanted, MOST_ALIASES)
                for at, wanted in enumerate(self._wanted)
            )
        )
        held = (_Held(t.name, new, old) for t, new, old in zip(told, news, olds, strict=True))
        speaking = [each.answers for each in told if each.answers and _is_known(each.answers[-1])]
        keyless = not any(_is_known(answer) for answers in speaking for answer in answers[:-1])
        return _Found(_join(tuple(held)), knows_no_key=bool(speaking) and keyless)

    async def _read(
        self,
        servers: ZoneServers,
        told: Sequence[DirectAnswers],
        at: int,
        wanted: _Wanted,
        aliases: int,
    ) -> list[HeldKey]:
        """Return what each server has of one record, by the answer at this place."""
        answers = [None if not each.answers else each.answers[at] for each in told]
        by_alias: Sequence[DirectAnswer | None] = [None] * len(told)
        if any(answer is not None and answer.answer.chain for answer in answers):
            asked = await self._every.ask(servers, (Question.of(wanted.name, CNAME),))
            by_alias = [each.answers[0] if each.answers else None for each in asked]
        targets = {a.answer.chain[-1] for a in answers if a is not None and _leads_out(a)}
        elsewhere = {
            target: await self._follow(_Wanted(target, wanted.record), aliases)
            for target in sorted(targets)
        }
        held = []
        for each, answer, alias in zip(told, answers, by_alias, strict=True):
            soa = each.answers[-1] if each.answers else None
            if answer is not None and _leads_out(answer):
                there = elsewhere[answer.answer.chain[-1]]
                held.append(follow(there, soa=soa, alias=alias))
            else:
                held.append(read_held(answer, wanted.record, soa=soa, alias=alias))
        return held

    async def _follow(self, wanted: _Wanted, aliases: int) -> HeldKey:
        """Return what the name servers of another zone have together, where an alias leads."""
        if not aliases:
            return UNANSWERED
        above = wanted.name.parent()
        servers = await self._every.find(wanted.name if is_public_suffix(above) else above)
        if servers is None or servers.are_too_many:
            return UNANSWERED
        questions = (Question.of(wanted.name, TXT), _soa_of(servers))
        told = await self._every.ask(servers, questions)
        return worst_of(await self._read(servers, told, 0, wanted, aliases - 1))


@dataclass(frozen=True, slots=True)
class _Held:
    """What one server has of both records, at one of its addresses."""

    name: dns.name.Name
    new: HeldKey
    old: HeldKey


def _join(held: tuple[_Held, ...]) -> ServerRecords:
    """Return what each server has at all its addresses together."""
    servers = []
    for name, group in groupby(sorted(held, key=attrgetter("name")), key=attrgetter("name")):
        at_all = tuple(group)
        new, old = worst_of(each.new for each in at_all), worst_of(each.old for each in at_all)
        servers.append(ServerRecord(name.to_text(omit_final_dot=True), new.state, old.state))
    new, old = worst_of(each.new for each in held), worst_of(each.old for each in held)
    return ServerRecords(tuple(servers), new.keeps, old.keeps)


def _soa_of(servers: ZoneServers) -> Question:
    return Question.of(servers.zone, SOA)


def _is_known(answer: DirectAnswer | None) -> bool:
    return answer is not None and answer.is_known


def _leads_out(answer: DirectAnswer) -> bool:
    """Whether a server that holds the zone says that the name is an alias to another one's."""
    return answer.is_known and answer.unfinished and bool(answer.answer.chain)
