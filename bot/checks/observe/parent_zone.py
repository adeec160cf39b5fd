"""Asks a server of the zone above for the name servers to which it refers for a zone."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NS import NS

from bot.checks.authority_view import Delegation
from bot.dns.answer import Question

if TYPE_CHECKING:
    from bot.checks.observe.direct_questions import DirectQuestions
    from bot.checks.observe.questions import Questions

PATIENCE = 1.5  # seconds for all of it: a registry that is slow tells nothing about the domain


class ParentLook(NamedTuple):
    """What a look at the zone above came to; `address` is that of the server that was asked.

    `intercepted`: the answer is that of a resolver, which somebody on the way has put in the place
    of that server.
    """

    address: str = ""
    delegation: Delegation | None = None
    intercepted: bool = False


async def look_above(direct: DirectQuestions, zone: dns.name.Name) -> ParentLook:
    """Return to which name servers the zone above refers for a zone, after three questions.

    Nothing is found out where the zone above is the root, which only test worlds have right above
    a domain, and where its server holds the zone itself.
    """
    address, told = "", None
    # Counted before others take what room there is: they have less far to go than this one.
    is_set_aside = direct.questions.spend(direct.keep)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            parent, server = await _find_parent(direct.questions, zone)
            if server is not None:
                found = await direct.questions(server, dns.rdatatype.A)
                address = next((a for a in sorted(found.addresses()) if direct.may_reach(a)), "")
            if is_set_aside and address:
                is_set_aside = False
                told = await direct.ask_counted(address, Question.of(zone, dns.rdatatype.NS))
    if is_set_aside:
        direct.questions.take_back()
    if told is None:
        return ParentLook(address)
    names = told.answer.delegated
    delegation = Delegation(parent, names) if names else None
    intercepted = told.answer.recursive and not told.answer.authoritative
    return ParentLook(address, delegation, intercepted)


async def _find_parent(
    questions: Questions, zone: dns.name.Name
) -> tuple[dns.name.Name, dns.name.Name | None]:
    """Return the zone above and the first of its name servers; None for the root's."""
    parent = zone.parent()
    if parent == dns.name.root:
        return parent, None
    answer = await questions(parent, dns.rdatatype.NS)
    if answer.absent and answer.zone is not None and not answer.chain:
        parent = answer.zone
        if parent == dns.name.root or not zone.is_subdomain(parent):
            return parent, None
        answer = await questions(parent, dns.rdatatype.NS)
    if answer.chain:
        return parent, None
    names = sorted(rdata.target for rdata in answer.rdatas if isinstance(rdata, NS))
    return parent, names[0] if names else None
