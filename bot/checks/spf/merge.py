"""Puts SPF records together: the mail server's terms first, the member's other senders kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.checks.spf.terms import Term, plain, read, terms_of
from bot.dns.spf_evaluate import MAX_LOOKUPS, SpfStep
from bot.dns.spf_grammar import ASKS_DNS, MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

# How much each qualifier of `all` forbids to everybody else (RFC 7208 section 2.6).
STRICTNESS: Final = {"+": 0, "?": 1, "~": 2, "-": 3}


@dataclass(frozen=True, slots=True)
class Merged:
    """A record for the member to type.

    `kept` are the member's other senders in it, as they stand. `over_limit`: with all of them it
    takes more than ten lookups, so only the mail server's own mail is sure to pass.
    """

    text: str
    kept: tuple[str, ...]
    over_limit: bool


def merge(
    expected: str,
    texts: Iterable[str],
    policies: Mapping[str, str],
    drop: Container[str] = frozenset(),
) -> Merged:
    """Return one record that says what is expected first, then what the texts allow besides.

    Kept are all valid mechanisms in their order, and the first exp=; redirect=x counts as
    include:x. Left out are what cannot be read, terms that let everybody pass, and those whose
    `Term.key` is in `drop`. The qualifier of `all` is the expected record's.
    """
    ours, theirs = terms_of(expected), list[Term]()
    taken = {term.key for term in ours}
    for text in texts:
        terms = read(plain(text).strip()).terms
        has_all = any(term.name == "all" and term.is_mechanism for term in terms)
        for term in terms:
            wanted = term.is_mechanism or term.name in MODIFIERS
            ignored = term.name == "all" or (term.name == "redirect" and has_all)
            if wanted and not ignored and term.key not in taken and term.key not in drop:
                theirs.append(term)
                taken.add(term.key)
    theirs = [term for term in theirs if not _lets_everyone(term, policies)]
    return _join(expected, ours, theirs, policies)


def _join(
    expected: str, ours: Iterable[Term], theirs: list[Term], policies: Mapping[str, str]
) -> Merged:
    """Return the record of both, in the expected one's own words where there is nothing to add."""
    exps = [term.raw for term in (*ours, *theirs) if term.name == "exp"][:1]
    kept = tuple(_as_mechanism(term) for term in theirs if term.name != "exp")
    if kept or (exps and not any(term.name == "exp" for term in ours)):
        own = [_as_mechanism(term) for term in ours if term.name not in {"all", "exp"}]
        ending = next((term.raw for term in ours if term.name == "all"), "-all")
        expected = " ".join(["v=spf1", *own, *kept, *exps, ending])
    return Merged(expected, kept, count_lookups(expected, policies) > MAX_LOOKUPS)


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


def terms_in_order(text: str) -> list[Term]:
    """Return the terms that receivers match, in that order: redirect= last, nothing after all."""
    terms = terms_of(text)
    matched = list[Term]()
    for term in (term for term in terms if term.is_mechanism):
        matched.append(term)
        if term.name == "all":
            return matched
    return matched + [term for term in terms if term.name == "redirect"]


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
