"""Finds what lets nearly everybody pass by an SPF record that names our server first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.checks.spf.merge import terms_in_order
from bot.checks.spf.networks import NetworkWalk
from bot.checks.spf.terms import Term
from bot.dns.spf_evaluate import SpfStep
from bot.dns.spf_macros import CHOSEN, expand_fixed, letters_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.spf.networks import Find, Share
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


def find_opening(
    domain: str,
    text: str,
    policies: Mapping[str, str],
    find: Find,
    strangers: Iterable[SpfEvaluation],
) -> Opening | None:
    """Return the first way by which nearly everybody passes; None where there is none.

    `policies` are the records met, by lower-case domain; `find` returns the answers at hand.
    `strangers` are evaluations of addresses that none of the record's networks holds.
    """
    chosen = _find_chosen(domain, domain, text, policies, {domain})
    if chosen:
        return Opening(OpeningKind.CHOSEN, (chosen[0].term,), chosen)
    wide = _find_wide(domain, text, policies, find)
    if wide is not None:
        return wide
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


def _find_wide(domain: str, text: str, policies: Mapping[str, str], find: Find) -> Opening | None:
    shares = NetworkWalk(domain, policies, find).shares(text)
    for version, most in _MOST.items():
        own = [share for share in shares if share.version == version]
        total = sum(share.size for share in own)
        if total < most:
            continue
        terms = _widest(own, total - most)
        percent = max(1, 100 * total // _WHOLE[version])
        path = (SpfStep(domain, terms[0]),)
        return Opening(OpeningKind.NETWORKS, terms, path, version, percent)
    return None


def _widest(shares: list[Share], surplus: int) -> tuple[str, ...]:
    """Return the fewest terms without which more than the surplus is gone, in their order."""
    widest = sorted(shares, key=lambda share: -share.size)
    taken, gone = set[str](), 0
    for share in widest:
        if gone > surplus:
            break
        taken.add(share.term.raw)
        gone += share.size
    return tuple(share.term.raw for share in shares if share.term.raw in taken)


def _find_chosen(
    domain: str, sender_domain: str, text: str, policies: Mapping[str, str], seen: set[str]
) -> tuple[SpfStep, ...]:
    """Return the way to a term that lets pass and whose name the sender chooses; empty if none.

    With `%{i}` in it the name belongs to one address, so whoever answers for it decides.
    """
    for term in terms_in_order(text):
        step = SpfStep(domain, term.raw)
        letters = letters_of(term.value)
        if term.qualifier != "+":
            continue
        if letters & CHOSEN and "i" not in letters:
            return (step,)
        if term.name not in {"include", "redirect"}:
            continue
        target = (expand_fixed(term.value, domain, sender_domain) or "").lower().rstrip(".")
        if target in policies and target not in seen:
            seen.add(target)
            inner = _find_chosen(target, sender_domain, policies[target], policies, seen)
            if inner:
                return (step, *inner)
    return ()


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
