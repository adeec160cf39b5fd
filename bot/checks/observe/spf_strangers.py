"""Evaluates SPF for made-up senders, to see whether a record lets pass whoever comes.

A record that hangs on the address may answer any single one as it should, so that they are drawn
anew for each check. What hangs on nothing of that kind is read out of the record itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

import dns.name
import dns.rdatatype

from bot.checks.spf.networks import VERSIONS, Span, free_spans, read_networks
from bot.checks.spf.terms import terms_of
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import evaluate_each, policies_of
from bot.dns.spf_macros import OF_THE_ADDRESS, letters_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator

    from bot.checks.observe.questions import Questions
    from bot.checks.spf.terms import Term
    from bot.dns.answer import Ask
    from bot.dns.owner_name import AnyName
    from bot.dns.spf_evaluate import SpfEvaluation

MOST_FOR_STRANGERS: Final = 16  # questions that nobody else needs, however many macros there are
STRANGERS: Final = {4: 4, 6: 2}  # by IP version

# What is global unicast (RFC 1112 section 4, RFC 4291 section 2.4), and the parts of it that are
# not (the registries of RFC 6890).
_UNICAST: Final = {
    4: ("1.0.0.0", "223.255.255.255"),
    6: ("2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
}
_RESERVED: Final = (
    *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24"),
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)


async def evaluate_strangers(
    questions: Questions, domain: str, helo: str, evaluations: Iterable[SpfEvaluation]
) -> tuple[SpfEvaluation, ...]:
    """Return the evaluations of made-up addresses; none where the records say all by themselves.

    `evaluations` are those made before. The addresses are public, and no network of the records
    that were met holds them. They give `helo` for their name, as whoever wants to look like us.
    """
    policies = policies_of(evaluations)
    root = policies.get(domain.lower())
    if root is None or not any(map(_hangs_on_address, _all_terms(policies.values()))):
        return ()
    touched = read_networks(domain.lower(), root, policies, questions.known).touched
    ask = _asking_little(questions)
    strangers = [a for v in VERSIONS for a in _draw(v, touched[v], STRANGERS[v])]
    return await evaluate_each(ask, strangers, domain, helo)


def _all_terms(texts: Iterable[str]) -> Iterator[Term]:
    for text in texts:
        yield from terms_of(text)


def _hangs_on_address(term: Term) -> bool:
    """Whether a term may come to something else for one address than for another.

    A network that is refused counts: what stands behind it is kept from its addresses. The length
    of an IPv6 network is read of an address that is asked for by IPv6 senders alone.
    """
    if term.name == "all" or not (term.is_mechanism or term.name == "redirect"):
        return False
    if term.qualifier != "+" or term.name == "ptr":
        return True
    if letters_of(term.value) & OF_THE_ADDRESS:
        return True
    return term.name in {"a", "mx"} and "//" in term.raw


@cache
def _public_spans(version: int) -> list[Span]:
    """Return the addresses of an IP version that anybody may send from."""
    networks = (ipaddress.ip_network(text) for text in _RESERVED)
    reserved = [Span(int(n[0]), int(n[-1])) for n in networks if n.version == version]
    first, last = map(ipaddress.ip_address, _UNICAST[version])
    return free_spans(reserved, [Span(int(first), int(last))])


def _draw(version: int, touched: list[Span], count: int) -> list[str]:
    """Return so many different public addresses outside of these; fewer where there are none."""
    free = free_spans(touched, _public_spans(version))
    total = sum(span.size for span in free)
    made = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    drawn = {_pick(free, secrets.randbelow(total)) for _ in range(count)} if total else ()
    return [str(made(number)) for number in sorted(drawn)]


def _pick(spans: list[Span], place: int) -> int:
    for span in spans:
        if place < span.size:
            return span.first + place
        place -= span.size
    raise IndexError(place)


def _asking_little(questions: Questions) -> Ask:
    """Return an `Ask` for strangers: it takes few new questions, and none for names of addresses.

    To ask for the names of addresses out of the blue takes long, and what they are called matters
    to `ptr` alone, which no stranger passes without the domain's own consent.
    """
    limited = questions.limited(MOST_FOR_STRANGERS)
    loop = asyncio.get_running_loop()

    def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Awaitable[Answer]:
        question = Question.of(name, rdtype)
        if question.rdtype == dns.rdatatype.PTR:
            nameless: asyncio.Future[Answer] = loop.create_future()
            nameless.set_result(Answer(question, Outcome.NXDOMAIN))
            return nameless
        return (questions if questions.was_asked(question) else limited)(*question)

    return ask
