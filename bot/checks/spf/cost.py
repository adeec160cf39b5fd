"""How many DNS lookups an SPF record takes, and how many find nothing (RFC 7208 4.6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES
from bot.checks.finding import Check, Finding, Status
from bot.checks.spf.merge import count_lookups
from bot.checks.spf.terms import terms_of
from bot.dns.spf_evaluate import MAX_LOOKUPS, MAX_VOIDS
from bot.dns.spf_grammar import ASKS_DNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.spf.case import SpfCase
    from bot.errors import Fact

_MANY = MAX_LOOKUPS // 2  # worth noting
_NEARLY = MAX_LOOKUPS - 1  # one more include of a usual kind is too much


@dataclass(frozen=True, slots=True)
class SpfCost:
    """The lookups of a record with all that it includes, and its term that takes most of them."""

    lookups: int
    term: str
    share: int  # of the lookups, that the term takes
    voids: int  # of an address that no term allows, which has to read it all
    void_names: tuple[str, ...]

    @property
    def facts(self) -> dict[str, Fact]:
        """What templates may say of it."""
        return {
            "lookups": self.lookups,
            "limit": MAX_LOOKUPS,
            "dearest": self.term,
            "share": self.share,
            "voids": self.voids,
            "void_limit": MAX_VOIDS,
            "void_names": self.void_names,
        }

    @property
    def is_worth_noting(self) -> bool:
        """Whether half of what is allowed is used up."""
        return self.lookups >= _MANY


def cost_of(case: SpfCase, text: str) -> SpfCost:
    """Return what a record costs, as far as the records that it includes were read."""
    shares = [
        (term.raw, count_lookups(f"v=spf1 {term.raw}", case.policies))
        for term in terms_of(text)
        if term.name in ASKS_DNS
    ]
    # The first of the dearest, so that the same zone has the same answer.
    term, share = max(shares, key=lambda pair: pair[1], default=("", 0))
    stranger = case.stranger
    return SpfCost(
        lookups=count_lookups(text, case.policies),
        term=term,
        share=share,
        voids=stranger.voids if stranger else 0,
        void_names=stranger.void_names[:MOST_NAMES] if stranger else (),
    )


def judge_cost(case: SpfCase, text: str) -> Iterator[Finding]:
    """Give a finding for a record that works and stands near a limit."""
    cost = cost_of(case, text)
    if _NEARLY <= cost.lookups <= MAX_LOOKUPS or cost.voids == MAX_VOIDS:
        yield Finding(Check.SPF, "spf-near-limit", Status.INFO, cost.facts, harmless=True)
