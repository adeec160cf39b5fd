"""Adds up the addresses that an SPF record lets pass by networks, in order and with includes."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import dns.exception
import dns.name

from bot.checks.spf.merge import terms_in_order
from bot.checks.spf.openness import is_chosen
from bot.dns.spf_evaluate import MAX_LOOKUPS, SpfStep
from bot.dns.spf_grammar import ASKS_DNS
from bot.dns.spf_macros import expand_fixed
from bot.records.text_cache import TextCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.checks.spf.terms import Term
    from bot.dns.answer import Answer
    from bot.dns.owner_name import AnyName

    Find = Callable[[AnyName, str], Answer | None]

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

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return self.last - self.first + 1


_NOBODYS = Claim(int(_MAPPED[0]), int(_MAPPED[-1]), -1)
Spans = dict[int, list[Span]]  # by IP version


@dataclass(frozen=True, slots=True)
class Share:
    """How many addresses of a version one term decides about, as its qualifier says."""

    term: Term
    version: int
    size: int


def resolve(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Give the claims without their overlaps, in the order of their addresses."""
    waiting = sorted(claims, reverse=True)
    if all(later.first > claim.last for later, claim in pairwise(waiting)):
        yield from reversed(waiting)  # there are no overlaps
        return
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


@dataclass(frozen=True, slots=True)
class Reading:
    """What one record comes to with all that it includes.

    `shares` are what each term of the record decides, in order, terms without any left out.
    `chosen` leads to the first term that lets pass and whose name whoever sends the mail chooses.
    `touched` are the addresses of all networks met, whatever becomes of them.
    """

    domain: str
    shares: tuple[Share, ...]
    chosen: tuple[SpfStep, ...]
    touched: Spans


def read_networks(domain: str, text: str, policies: Mapping[str, str], find: Find) -> Reading:
    """Read a record and all that it includes, as far as a receiver does.

    `policies` are the records met, by lower-case domain. `find` returns the answer to a question as
    far as it is known; what is not, matches nothing.
    """
    walk = _Walk(domain, policies, find)
    return Reading(domain, walk.shares(text), walk.chosen, walk.touched)


@dataclass(slots=True)
class _Walk:
    """One reading under way; a record is read once, by the first term that leads to it.

    That is enough: who is let pass by it later has been decided by then.
    """

    domain: str
    policies: Mapping[str, str]
    find: Find
    touched: Spans = field(default_factory=lambda: defaultdict(list))
    chosen: tuple[SpfStep, ...] = ()
    _path: list[SpfStep] = field(default_factory=list)
    _lets_pass: bool = True  # whether whoever matches passes
    _left: int = MAX_LOOKUPS
    _known: dict[str, Spans] = field(default_factory=dict)
    _above: list[str] = field(default_factory=list)

    def shares(self, text: str) -> tuple[Share, ...]:
        """Return what each term of the record decides; `all` whatever the others leave."""
        terms = terms_in_order(text)
        ending = len(terms) - 1 if terms and terms[-1].name == "all" else len(terms)
        sizes: dict[tuple[int, int], int] = defaultdict(int)
        for version, claims in self._decide(self.domain, terms[:ending]).items():
            left = (1 << _BITS[version]) - (_NOBODYS.size if version == 6 else 0)
            for claim in claims:
                sizes[claim.number, version] += claim.size
                left -= claim.size
            if left and ending < len(terms):
                sizes[ending, version] = left
        found = sorted(sizes.items())
        return tuple(Share(terms[n], version, size) for (n, version), size in found)

    def _passing(self, domain: str, text: str) -> Spans:
        """Return the addresses that pass by a record."""
        terms = terms_in_order(text)
        if any(t.qualifier != "+" and (t.name != "all" or t is not terms[-1]) for t in terms):
            return {
                version: [Span(c.first, c.last) for c in claims if terms[c.number].qualifier == "+"]
                for version, claims in self._decide(domain, terms).items()
            }
        # Who decides does not matter where all let pass; an ending that refuses refuses the rest.
        spans: Spans = {version: [] for version in VERSIONS}
        for term in terms:
            if term.qualifier == "+":
                for version, found in self._spans_of(domain, term).items():
                    spans[version] += found
        return {version: _join(found) for version, found in spans.items()}

    def _decide(self, domain: str, terms: tuple[Term, ...]) -> dict[int, list[Claim]]:
        """Return what the terms of one record decide, each address by the first that holds it."""
        claims: dict[int, list[Claim]] = {version: [] for version in VERSIONS}
        claims[6].append(_NOBODYS)
        for number, term in enumerate(terms):
            for version, spans in self._spans_of(domain, term).items():
                claims[version] += (Claim(*span, number) for span in spans)
        return {v: [c for c in resolve(claims[v]) if c.number >= 0] for v in VERSIONS}

    def _spans_of(self, domain: str, term: Term) -> Spans:
        """Return the addresses that a term matches; none once the limit of lookups is passed."""
        if term.name in ASKS_DNS:
            if self._left <= 0:
                return {}
            self._left -= 1
        passes = self._lets_pass and term.qualifier == "+"
        if passes and not self.chosen and is_chosen(term):
            self.chosen = (*self._path, SpfStep(domain, term.raw))
        match term.name:
            case "all":
                return {v: [Span(0, (1 << _BITS[v]) - 1)] for v in VERSIONS}
            case "ip4" | "ip6":
                network = _read_network(term.value)
                found = {} if network is None else {network[0]: [network[1]]}
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
            before = self._lets_pass
            self._lets_pass = before and term.qualifier == "+"
            self._above.append(target)
            self._path.append(SpfStep(domain, term.raw))
            self._known[target] = self._passing(target, self.policies[target])
            self._path.pop()
            self._above.pop()
            self._lets_pass = before
        return self._known[target]

    def _hosts(self, domain: str, term: Term) -> Spans:
        """Return the networks around the addresses of a host, or of a domain's mail servers."""
        rest = term.value if term.separator == ":" else f"{term.separator}{term.value}"
        match = _LENGTHS.fullmatch(rest)
        spec, short, long = match.groups() if match else (rest, None, None)
        target = expand_fixed(spec, domain, self.domain) if spec else domain
        if target is None:
            return {}
        names: list[AnyName] = [target]
        if term.name == "mx":
            names = self._look_up(target, "MX", "exchange")[:_MOST_MX]
        lengths = {4: 32 if short is None else int(short), 6: 128 if long is None else int(long)}
        found: Spans = {}
        for version, rdtype in zip(VERSIONS, ("A", "AAAA"), strict=True):
            addresses = [a for name in names for a in self._look_up(name, rdtype, "address")]
            if lengths[version] <= _BITS[version]:
                found[version] = [_around(address, lengths[version]) for address in addresses]
        return found

    def _look_up(self, name: AnyName, rdtype: str, part: str) -> list[Any]:
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


def _join(spans: list[Span]) -> list[Span]:
    """Return the same addresses in spans that neither overlap nor touch, in order."""
    joined: list[Span] = []
    first, last = -1, -2
    for start, end in sorted(spans):
        if start > last + 1:
            if first >= 0:
                joined.append(Span(first, last))
            first, last = start, end
        elif end > last:
            last = end
    return [*joined, Span(first, last)] if first >= 0 else joined


@TextCache  # the records of large providers are met again and again
def _read_network(text: str) -> tuple[int, Span] | None:
    """Return the IP version and the addresses of a network; None where it is none."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network.version, _span_of(network)


def _around(address: str, length: int) -> Span:
    return _span_of(ipaddress.ip_network(f"{address}/{length}", strict=False))


def _span_of(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Span:
    return Span(int(network.network_address), int(network.broadcast_address))
