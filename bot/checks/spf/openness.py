"""Finds what lets nearly everybody pass by an SPF record that names our server first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import dns.exception
import dns.name

from bot.checks.spf.terms import Term
from bot.dns.spf_evaluate import SpfStep
from bot.dns.spf_macros import CHOSEN, letters_of
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.checks.spf.networks import Reading, Share
    from bot.dns.spf_evaluate import SpfEvaluation

# An eighth of IPv4, and two networks of /16 of IPv6, which is a /15. No provider has as much: the
# whole of Microsoft's and Google's mail servers are less than a thousandth.
_MOST: Final = {4: 1 << 29, 6: 1 << 113}
_WHOLE: Final = {4: 1 << 32, 6: 1 << 128}


class OpeningKind(StrEnum):
    """How everybody gets in; a template has a sentence for each."""

    NETWORKS = "networks"  # they are too large, alone or together
    CHOSEN = "chosen"  # whoever sends the mail chooses what is looked up
    STRANGER = "stranger"  # addresses that we made up pass


@dataclass(frozen=True, slots=True)
class Opening:
    """Terms of the domain's own record by which nearly everybody passes.

    `path` leads from the first of them to the term to blame, which may be in a record that is
    included. `version` and `percent` are of networks: the addresses of that IP version.
    """

    kind: OpeningKind
    terms: tuple[str, ...]
    path: tuple[SpfStep, ...]
    version: int = 0
    percent: int = 0


def find_opening(reading: Reading, strangers: Iterable[SpfEvaluation]) -> Opening | None:
    """Return the first way by which nearly everybody passes; None where there is none.

    `strangers` are evaluations of addresses that none of us has.
    """
    if reading.chosen:
        return Opening(OpeningKind.CHOSEN, (reading.chosen[0].term,), reading.chosen)
    for version, shares in _widest_by_version(reading, "+"):
        terms = tuple(share.term.raw for share in shares)
        percent = max(1, 100 * sum(share.size for share in shares) // _WHOLE[version])
        widest = (SpfStep(reading.domain, terms[0]),)
        return Opening(OpeningKind.NETWORKS, terms, widest, version, percent)
    passing = next((e for e in strangers if e.result == "pass" and not _by_network(e)), None)
    if passing is None:
        return None
    path = passing.path
    if any("%" in step.term for step in path):
        path = path[:1]  # what comes behind is another one for each address
    return Opening(OpeningKind.STRANGER, (path[0].term,), path)


def _by_network(evaluation: SpfEvaluation) -> bool:
    """Whether an address passes by a network that the record gives, which is counted elsewhere."""
    path = evaluation.path
    fixed = not any("%" in step.term for step in path)
    return fixed and (not path or Term.of(path[-1].term).name in {"ip4", "ip6", "a", "mx"})


def find_neutral(reading: Reading, strangers: Iterable[SpfEvaluation]) -> str:
    """Return the term of the record that leaves nearly everybody neutral; empty if none does.

    `all` is looked at elsewhere.
    """
    for _, shares in _widest_by_version(reading, "?"):
        return shares[0].term.raw
    paths = (e.path for e in strangers if e.result == "neutral" and not _by_network(e))
    terms = (Term.of(path[0].term) for path in paths if path)
    return next((term.raw for term in terms if term.qualifier == "?" and term.name != "all"), "")


def _widest_by_version(reading: Reading, qualifier: str) -> Iterator[tuple[int, list[Share]]]:
    """Give the fewest terms of a qualifier without which they hold no large part of a version."""
    for version, most in _MOST.items():
        own = [
            share
            for share in reading.shares
            if share.version == version
            and share.term.qualifier == qualifier
            and share.term.name != "all"
        ]
        left = sum(share.size for share in own)
        taken = set[int]()
        for place in sorted(range(len(own)), key=lambda place: -own[place].size):
            if left < most:
                break
            taken.add(place)
            left -= own[place].size
        if taken:
            yield version, [own[place] for place in sorted(taken)]


def narrowed(text: str, terms: Iterable[str]) -> str:
    """Return a record in which these terms stand for the hosts they name, not for networks.

    Where a term names no host, or the host is the sender's to choose, it stays as it is.
    """
    wide = {raw: _without_lengths(Term.of(raw)) for raw in terms}
    return " ".join(wide.get(word, word) for word in text.split(" "))


def _without_lengths(term: Term) -> str:
    if term.name not in {"a", "mx"} or letters_of(term.value) & CHOSEN:
        return term.raw
    return term.raw.partition("/")[0]


def is_chosen(term: Term) -> bool:
    """Whether whoever sends the mail chooses the name that a term looks up, or comes from.

    With `%{i}` in it the name belongs to one address, so whoever answers for it decides. A `ptr`
    of a public suffix lets pass whoever has a name below it.
    """
    letters = letters_of(term.value)
    if letters & CHOSEN and "i" not in letters:
        return term.name != "all"
    if term.name != "ptr" or not term.value or letters:
        return False
    try:
        return is_public_suffix(dns.name.from_text(term.value))
    except dns.exception.DNSException:
        return False  # no name at all
