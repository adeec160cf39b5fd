"""Adds up the addresses that an SPF record lets pass by networks, in order and with includes."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import dns.exception
import dns.name

from bot.checks.spf.merge import terms_in_order
from bot.dns.spf_evaluate import MAX_LOOKUPS
from bot.dns.spf_grammar import ASKS_DNS
from bot.dns.spf_macros import expand_fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.checks.spf.terms import Term
    from bot.dns.answer import Answer

    Find = Callable[[str | dns.name.Name, str], Answer | None]

VERSIONS: Final = (4, 6)
_BITS: Final = {4: 32, 6: 128}
_MOST_MX: Final = 10  # of one mx term; with more it is broken (RFC 7208 section 4.6.4)
_LENGTHS = re.compile(r"(.*?)(?:/(\d{1,3}))?(?://(\d{1,3}))?", re.DOTALL)
# An IPv4 address in IPv6 form is taken as IPv4 (section 5), so these match nobody.
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class Span(NamedTuple):
    """Addresses of one version from the first to the last, as numbers."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return self.last - self.first + 1


class Claim(NamedTuple):
    """A span, and the number of the term that claims it: of several the lowest decides."""

    first: int
    last: int
    number: int


Spans = dict[int, list[Span]]  # by IP version


@dataclass(frozen=True, slots=True)
class Share:
    """How many addresses of a version one term lets pass."""

    term: Term
    version: int
    size: int


def resolve(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Give the claims without their overlaps, in the order of their addresses."""
    waiting = sorted(claims, reverse=True)
    active: list[tuple[int, int]] = []  # number and last, the one that decides first
    at = 0
    while waiting or active:
        if not active:
            at = waiting[-1].first
        while waiting and waiting[-1].first <= at:
            claim = waiting.pop()
            heappush(active, (claim.number, claim.last))
        while active and active[0][1] < at:
            heappop(active)
        if active:
            number, last = active[0]
            end = min(last, waiting[-1].first - 1) if waiting else last
            yield Claim(at, end, number)
            at = end + 1


@dataclass(slots=True)
class NetworkWalk:
    """A reading of one record with all that it includes, as a receiver reads it.

    `find` returns the answer to a question as far as it is known; what is not, matches nothing.
    `touched` are the addresses of all networks met, whatever becomes of them.
    """

    domain: str
    policies: Mapping[str, str]
    find: Find
    touched: Spans = field(default_factory=lambda: defaultdict(list))
    _left: int = MAX_LOOKUPS
    _known: dict[str, Spans] = field(default_factory=dict)
    _above: list[str] = field(default_factory=list)

    def shares(self, text: str) -> list[Share]:
        """Return what each term of the record lets pass, in order, terms without any left out."""
        terms = terms_in_order(text)
        decided = self._decide(self.domain, terms)
        sizes: dict[tuple[int, int], int] = defaultdict(int)
        for version, claims in decided.items():
            for claim in claims:
                sizes[claim.number, version] += claim.last - claim.first + 1
        return [Share(terms[n], version, size) for (n, version), size in sorted(sizes.items())]

    def _decide(self, domain: str, terms: list[Term]) -> dict[int, list[Claim]]:
        """Return what the terms of one record let pass, each address by the first that holds it."""
        claims: dict[int, list[Claim]] = {version: [] for version in VERSIONS}
        claims[6].append(Claim(int(_MAPPED[0]), int(_MAPPED[-1]), -1))
        for number, term in enumerate(terms):
            for version, spans in self._spans_of(domain, term).items():
                claims[version] += (Claim(*span, number) for span in spans)
        passing = {n for n, term in enumerate(terms) if term.qualifier == "+"}
        return {v: [c for c in resolve(claims[v]) if c.number in passing] for v in VERSIONS}

    def _spans_of(self, domain: str, term: Term) -> Spans:
        """Return the addresses that a term matches; none once the limit of lookups is passed."""
        if term.name in ASKS_DNS:
            if self._left <= 0:
                return {}
            self._left -= 1
        match term.name:
            case "all":
                return {v: [Span(0, (1 << _BITS[v]) - 1)] for v in VERSIONS}
            case "ip4" | "ip6":
                found = _network(term)
            case "a" | "mx":
                found = self._hosts(domain, term)
            case "include" | "redirect":
                return self._included(domain, term)
            case _:
                return {}
        for version, spans in found.items():
            self.touched[version] += spans
        return found

    def _included(self, domain: str, term: Term) -> Spans:
        target = (expand_fixed(term.value, domain, self.domain) or "").lower().rstrip(".")
        if target not in self.policies or target in self._above:
            return {}
        if target not in self._known:
            self._above.append(target)
            decided = self._decide(target, terms_in_order(self.policies[target]))
            self._above.pop()
            spans = {v: [Span(c.first, c.last) for c in decided[v]] for v in VERSIONS}
            self._known[target] = spans
        return self._known[target]

    def _hosts(self, domain: str, term: Term) -> Spans:
        """Return the networks around the addresses of a host, or of a domain's mail servers."""
        rest = term.value if term.separator == ":" else f"{term.separator}{term.value}"
        match = _LENGTHS.fullmatch(rest)
        spec, short, long = match.groups() if match else (rest, None, None)
        target = expand_fixed(spec, domain, self.domain) if spec else domain
        if target is None:
            return {}
        names: list[str | dns.name.Name] = [target]
        if term.name == "mx":
            names = self._look_up(target, "MX", "exchange")[:_MOST_MX]
        lengths = {4: 32 if short is None else int(short), 6: 128 if long is None else int(long)}
        found: Spans = {}
        for version, rdtype in zip(VERSIONS, ("A", "AAAA"), strict=True):
            addresses = [a for name in names for a in self._look_up(name, rdtype, "address")]
            if lengths[version] <= _BITS[version]:
                found[version] = [_around(address, lengths[version]) for address in addresses]
        return found

    def _look_up(self, name: str | dns.name.Name, rdtype: str, part: str) -> list[Any]:
        """Return that part of each record there; none where it is not known."""
        try:
            answer = self.find(name, rdtype)
        except dns.exception.DNSException:  # no name at all
            return []
        return [getattr(r, part) for r in answer.rdatas if hasattr(r, part)] if answer else []


def free_spans(touched: Iterable[Span], within: Iterable[Span]) -> list[Span]:
    """Return what of the spans `within`, which do not overlap, none of the touched ones holds."""
    claims = [Claim(*span, 0) for span in touched]
    claims += [Claim(*span, 1) for span in within]
    return [Span(claim.first, claim.last) for claim in resolve(claims) if claim.number]


def _network(term: Term) -> Spans:
    try:
        network = ipaddress.ip_network(term.value, strict=False)
    except ValueError:
        return {}
    return {network.version: [Span(int(network[0]), int(network[-1]))]}


def _around(address: str, length: int) -> Span:
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    return Span(int(network[0]), int(network[-1]))
