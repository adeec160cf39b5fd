"""Reads an SPF record tolerantly: what is wrong with each term, and what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bot.checks.spf.meanings import (
    find_meaning,
    find_modifier_fault,
    joined_by_length,
)
from bot.checks.spf.sound_terms import find_odd_target
from bot.checks.spf.term_faults import TermFault, TermFaultKind
from bot.checks.spf.terms import Term, family_of, words_of
from bot.dns.spf_grammar import MECHANISMS, MODIFIERS, is_valid_term
from bot.records.text_cache import TextCache

# Words of a record that are guessed at, faulty ones and unknown modifiers; more are no slips.
_MOST_GUESSED: Final = 20
_TAKES_NEXT: Final = frozenset(
    {
        TermFaultKind.BLANK_AFTER_COLON,
        TermFaultKind.BLANK_FOR_COLON,
        TermFaultKind.BLANK_AFTER_SIGN,
        TermFaultKind.BLANK_BEFORE_PREFIX,
    }
)


@dataclass(frozen=True, slots=True)
class TermReading:
    """A record's terms as they were meant, in order, and the faults in them."""

    terms: tuple[Term, ...]
    faults: tuple[TermFault, ...]


@TextCache
def read(text: str) -> TermReading:
    """Read a record, its version included, taking what is clearly meant for what is written."""
    terms, faults, seen = list[Term](), list[TermFault](), set[str]()
    skip, guesses = False, 0
    sound = set[str]()
    for word, following in pairwise([*words_of(text), ""]):
        if skip:
            skip = False
            continue
        fault, term = None, Term.of(word)
        if word not in sound or following[:1] == "/":
            fault = _fault_of(word, following, guessing=guesses < _MOST_GUESSED)
            guesses += fault is not None or (term.separator == "=" and term.name not in MODIFIERS)
        if fault is None:
            sound.add(word)
        if fault is None and term.name in MODIFIERS and term.name in seen:
            # Another redirect= names senders as well; another exp= says what the first one says.
            meant = f"include:{term.value}" if term.name == "redirect" else None
            fault = TermFault(word, TermFaultKind.TWICE, meant)
        if fault:
            faults.append(fault)
            skip = fault.what in _TAKES_NEXT and fault.suggestion is not None
        meant_words = (fault.suggestion or "").split(" ") if fault else [word]
        for part in filter(None, meant_words):
            terms.append(Term.of(part))
            seen.add(terms[-1].name)
    return TermReading(tuple(terms), tuple(faults))


def _fault_of(word: str, following: str, *, guessing: bool) -> TermFault | None:
    """Return what is wrong with a word, None where nothing is; what was meant if `guessing`."""
    term = Term.of(word)
    if is_valid_term(word):
        modifier = find_modifier_fault(term) if guessing and term.separator == "=" else None
        odd = find_odd_target(term)
        if modifier or odd is None:
            return modifier or joined_by_length(word, following)
        return (find_meaning(term) if guessing else None) or TermFault(word, odd)
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in word):
        return TermFault(word, TermFaultKind.CONTROL_CHARACTER)
    meant = find_meaning(term, following) if guessing else None
    return meant or TermFault(word, _unclear(term))


def _unclear(term: Term) -> TermFaultKind:
    """Return what is wrong with a term that nothing clear can be made of."""
    if term.name in {"ip4", "ip6"} and term.value:
        address, slash, _ = term.value.partition("/")
        return (
            TermFaultKind.BAD_PREFIX if slash and family_of(address) else TermFaultKind.BAD_ADDRESS
        )
    if term.name in MECHANISMS + MODIFIERS:
        if term.name == "all":
            return TermFaultKind.PUNCTUATION
        return TermFaultKind.BAD_NAME if term.value else TermFaultKind.MISSING_VALUE
    return TermFaultKind.UNKNOWN_WORD
