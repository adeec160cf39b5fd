"""Which terms of an SPF record can be meant as they stand, beyond following the grammar."""

from __future__ import annotations

import re

from bot.checks.spf.address_forms import is_numeric
from bot.checks.spf.term_faults import TermFaultKind
from bot.checks.spf.terms import Term
from bot.dns.spf_grammar import MODIFIERS, is_valid_term

_HOST = re.compile(
    r"(?:[a-z0-9_][a-z0-9_-]{0,62}\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\.?", re.IGNORECASE
)
_NO_HOST = re.compile(r"[,;<>()\[\]{}\"'`:=!|&#^$@\\]")


def is_sound(word: str) -> bool:
    """Whether a word is a valid term, and can be meant as it stands."""
    return is_valid_term(word) and find_odd_target(Term.of(word)) is None


def find_odd_target(term: Term) -> TermFaultKind | None:
    """Return what is wrong with a name that follows the grammar but can be no host's.

    The grammar allows nearly every character (RFC 7208 section 7.1), so links, lists and addresses
    pass for names.
    """
    value = term.value
    has_name = term.name in MODIFIERS or (term.is_mechanism and term.separator == ":")
    if not has_name or not value or "%" in value or term.name in {"ip4", "ip6"}:
        return None
    if _NO_HOST.search(value):
        return TermFaultKind.BAD_NAME
    return TermFaultKind.ADDRESS_FOR_NAME if is_numeric(value) else None


def can_be_host(name: str) -> bool:
    """Whether a word by itself looks like a host's name."""
    return _HOST.fullmatch(name) is not None
