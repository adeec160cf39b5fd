"""Asks a zone's own name servers, all of them, for the text that shows control of a domain."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.control_answers import ControlAnswers, ServerTexts
from bot.checks.observe.all_name_servers import AllNameServers
from bot.dns.answer import Question
from bot.records.control_token import control_name

if TYPE_CHECKING:
    from bot.checks.observe.all_name_servers import DirectAnswers
    from bot.dns.answer import Ask
    from bot.dns.authority import Authorities
    from bot.names import Domain

LONGEST = 10.0  # seconds; three questions that nobody answers, one after the other
MOST_QUESTIONS = 200


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
    asked = (Question.of(name, dns.rdatatype.TXT), Question.of(beside, dns.rdatatype.TXT))
    opened = AllNameServers.open(ask, authorities, most=MOST_QUESTIONS, seconds=seconds)
    async with opened as look:
        servers = await look.find(domain.name)
        if servers is None:
            return ControlAnswers()
        if servers.are_too_many:
            return ControlAnswers(too_many=True)
        told = await look.ask(servers, asked)
    return ControlAnswers(tuple(map(_read_texts, told)))


def _read_texts(told: DirectAnswers) -> ServerTexts:
    if not told.answers:
        return ServerTexts(told.name)
    record, beside = told.answers
    return ServerTexts(told.name, told.address, record, beside)
