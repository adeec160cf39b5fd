"""Puts SPF records together: the mail server's terms first, the member's other senders kept."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.checks.answers import MOST_NAMES
from bot.checks.spf.left_out import LeftOut, LeftOutReason, left_out_facts
from bot.checks.spf.openness import is_chosen
from bot.checks.spf.sound_terms import can_be_host
from bot.checks.spf.term_faults import TermFaultKind
from bot.checks.spf.term_reading import read
from bot.checks.spf.terms import Term, plain, terms_of
from bot.dns.spf_evaluate import MAX_LOOKUPS, SpfStep
from bot.dns.spf_grammar import ASKS_DNS, is_record
from bot.records.text_cache import TextCache

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from bot.checks.spf.term_reading import TermReading
    from bot.errors import Fact

# How much each qualifier of `all` forbids to everybody else (RFC 7208 section 2.6).
STRICTNESS: Final = {"+": 0, "?": 1, "~": 2, "-": 3}
NOTHING: Final[Mapping[str, LeftOutReason]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Merged:
    """A record for the member to type.

    `kept` are the member's other senders in it, as they stand. `over_limit`: with all of them it
    takes more than ten lookups, so only the mail server's own mail is sure to pass. `left_out` is
    what of the member's records is not in it; `all` never counts, as it names nobody.
    """

    text: str
    kept: tuple[str, ...]
    over_limit: bool
    left_out: tuple[LeftOut, ...] = ()

    @property
    def facts(self) -> dict[str, Fact]:
        """What templates may say of it."""
        return {
            "kept": self.kept[:MOST_NAMES],
            "kept_count": len(self.kept),
            "over_limit": self.over_limit,
            **left_out_facts(self.left_out),
        }


def merge(
    expected: str,
    texts: Iterable[str],
    policies: Mapping[str, str],
    drop: Mapping[str, LeftOutReason] = NOTHING,
    covered: Container[str] = frozenset(),
) -> Merged:
    """Return one record that says what is expected first, then what the texts allow besides.

    Kept are all valid terms in their order, and the first exp=; redirect=x counts as include:x.
    Left out are what cannot be read, terms that let everybody pass, what nobody would look at, and
    terms whose `Term.key` is in `drop`, for the reason given there. What is in `covered` is said by
    the expected record in other words. The qualifier of `all` is the expected record's.
    """
    merging = _Merging(terms_of(expected), policies, drop, covered)
    for text in texts:
        merging.take(read(plain(text).strip()))
    return merging.join(expected)


class _Merging:
    """A merge under way: what is kept of the texts taken so far, and what is not."""

    def __init__(
        self,
        ours: tuple[Term, ...],
        policies: Mapping[str, str],
        drop: Mapping[str, LeftOutReason],
        covered: Container[str],
    ) -> None:
        self._ours = ours
        self._policies = policies
        self._drop = drop
        self._covered = covered
        self._own_keys = {term.key for term in ours}
        self._theirs: dict[str, Term] = {}  # by key
        self._left_out: list[LeftOut] = []

    def take(self, reading: TermReading) -> None:
        """Take the terms of one more record."""
        has_all = any(term.name == "all" and term.is_mechanism for term in reading.terms)
        for term in reading.terms:
            if not (term.name == "all" and term.is_mechanism) and not self._is_ours(term.key):
                self._take_term(term, has_all=has_all)
        for fault in reading.faults:
            for word in fault.left_out:
                self._leave_word(word, is_name=fault.what is TermFaultKind.BARE_NAME)

    def join(self, expected: str) -> Merged:
        """Return the record of both, in the expected one's own words if there is nothing to add."""
        modifiers = [t.raw for t in self._theirs.values() if _is_modifier(t)]
        kept = tuple(_as_mechanism(t) for t in self._theirs.values() if not _is_modifier(t))
        if kept or modifiers:
            own = [term for term in self._ours if term.name != "all"]
            first = [_as_mechanism(term) for term in own if not _is_modifier(term)]
            last = [term.raw for term in own if _is_modifier(term)]
            ending = next((term.raw for term in self._ours if term.name == "all"), "-all")
            expected = " ".join(["v=spf1", *first, *kept, *last, *modifiers, ending])
        over_limit = count_lookups(expected, self._policies) > MAX_LOOKUPS
        return Merged(expected, kept, over_limit, tuple(self._left_out))

    def _is_ours(self, key: str) -> bool:
        return key in self._own_keys or key in self._covered

    def _take_term(self, term: Term, *, has_all: bool) -> None:
        """Keep one valid term, or say why not; one that says the same as another is no loss."""
        kept = self._theirs.get(term.key)
        reason = self._drop.get(term.key)
        if reason is not None:
            self._leave(term.raw, reason)
        elif term.name == "redirect" and has_all:
            self._leave(term.raw, LeftOutReason.IGNORED)  # RFC 7208 section 6.1
        elif kept is not None:
            if kept.qualifier != term.qualifier:  # only the first of them is ever reached
                self._leave(term.raw, LeftOutReason.IGNORED)
        elif term.name == "exp" and any(
            other.name == "exp" for other in (*self._ours, *self._theirs.values())
        ):
            self._leave(term.raw, LeftOutReason.IGNORED)
        elif _lets_everyone(term, self._policies) or (term.qualifier == "+" and is_chosen(term)):
            self._leave(term.raw, LeftOutReason.OPEN)
        else:
            self._theirs[term.key] = term

    def _leave_word(self, word: str, *, is_name: bool) -> None:
        """Leave out a word of which nothing was made, unless it names nobody or what is ours."""
        term = Term.of(word)
        names_somebody = any(c.isalnum() for c in word) and term.name != "all"
        if not names_somebody or is_record(word):
            return
        if not any(self._is_ours(Term.of(f"{name}:{word}").key) for name in ("include", "a")):
            bare = is_name or can_be_host(word)
            self._leave(word, LeftOutReason.BARE if bare else LeftOutReason.UNCLEAR)

    def _leave(self, term: str, reason: LeftOutReason) -> None:
        self._left_out.append(LeftOut(term, reason))


def _is_modifier(term: Term) -> bool:
    return term.separator == "=" and term.name != "redirect"


def _as_mechanism(term: Term) -> str:
    return f"include:{term.value}" if term.name == "redirect" else term.raw


def count_lookups(text: str, policies: Mapping[str, str]) -> int:
    """Return how many terms ask the DNS in a record and in the known ones it includes.

    It stops counting soon after the limit.
    """
    return _count(text, policies, frozenset())


def _count(text: str, policies: Mapping[str, str], above: frozenset[str]) -> int:
    total = 0
    for term in terms_of(text):
        if term.name not in ASKS_DNS or total > MAX_LOOKUPS:
            continue
        total += 1
        target = target_of(term)
        if target in policies and target not in above:
            total += _count(policies[target], policies, above | {target})
    return total


def target_of(term: Term) -> str:
    """Return the domain whose record a term refers to, lower case; empty where there is none."""
    if term.name not in {"include", "redirect"}:
        return ""
    return term.value.lower().removesuffix(".")


def leads_to(start: str, end: str, policies: Mapping[str, str]) -> bool:
    """Whether a domain's record comes to another's by includes and redirects, or is that one."""
    left, seen = [start], set[str]()
    while left:
        domain = left.pop()
        if domain == end:
            return True
        if domain not in seen and domain in policies:
            seen.add(domain)
            left += [target for term in terms_of(policies[domain]) if (target := target_of(term))]
    return False


def strictness(text: str, policies: Mapping[str, str]) -> int | None:
    """Return how strict a record is to everybody it does not name, None where nobody knows.

    A record without `all` and `redirect` is neutral (RFC 7208 section 4.7).
    """
    seen = set[str]()
    while True:
        terms = terms_of(text)
        ending = next((term for term in terms if term.name == "all"), None)
        if ending:
            return STRICTNESS[ending.qualifier]
        redirect = next((term for term in terms if term.name == "redirect"), None)
        if redirect is None:
            return STRICTNESS["?"]
        target = target_of(redirect)
        if target in seen or target not in policies:
            return None
        seen.add(target)
        text = policies[target]


@TextCache
def terms_in_order(text: str) -> tuple[Term, ...]:
    """Return the terms that receivers match, in that order: redirect= last, nothing after all."""
    terms = terms_of(text)
    matched = list[Term]()
    for term in (term for term in terms if term.is_mechanism):
        matched.append(term)
        if term.name == "all":
            return tuple(matched)
    return (*matched, *(term for term in terms if term.name == "redirect"))


def terms_after_all(text: str) -> tuple[Term, ...]:
    """Return the mechanisms that stand after `all`, which nobody reads (RFC 7208 section 5.1)."""
    terms = [term for term in terms_of(text) if term.is_mechanism]
    first = next((i for i, term in enumerate(terms) if term.name == "all"), len(terms))
    return tuple(term for term in terms[first + 1 :] if term.name != "all")


def find_open_terms(domain: str, text: str, policies: Mapping[str, str]) -> tuple[SpfStep, ...]:
    """Return the terms, outermost first, by which a record lets everybody pass; empty if none."""
    return _find_open_terms(domain, text, policies, {domain})


def _find_open_terms(
    domain: str, text: str, policies: Mapping[str, str], seen: set[str]
) -> tuple[SpfStep, ...]:
    terms = terms_of(text)
    for term in terms:
        step = SpfStep(domain, term.raw)
        if term.name == "all":
            return (step,) if term.qualifier == "+" else ()
        if term.qualifier == "+" and _is_open(term):
            return (step,)
        if term.qualifier == "+" and term.name == "include":
            inner = _look_into(term, policies, seen)
            if inner:
                return (step, *inner)
    redirect = next((term for term in terms if term.name == "redirect"), None)
    inner = _look_into(redirect, policies, seen) if redirect else ()
    return (SpfStep(domain, redirect.raw), *inner) if redirect and inner else ()


def _look_into(term: Term, policies: Mapping[str, str], seen: set[str]) -> tuple[SpfStep, ...]:
    """Look for open terms in the record that a term refers to, once for each record."""
    target = target_of(term)
    if target in seen or target not in policies:
        return ()
    seen.add(target)
    return _find_open_terms(target, policies[target], policies, seen)


def _is_open(term: Term) -> bool:
    """Whether a term's network holds half of all addresses or more."""
    lengths = term.raw.split("/")[1:]
    has_network = term.name in {"ip4", "ip6", "a", "mx"}
    return has_network and not {"0", "1"}.isdisjoint(lengths)


def _lets_everyone(term: Term, policies: Mapping[str, str]) -> bool:
    return bool(find_open_terms("", f"v=spf1 {_as_mechanism(term)}", policies))
