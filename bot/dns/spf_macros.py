"""The macros in SPF terms (RFC 7208 section 7): which stand there, and what they come to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

# What whoever sends the mail decides: HELO name, reverse name, local part, whole address.
CHOSEN: Final = frozenset("hpls")
# What depends on the address that connects (RFC 7208 section 7.2).
OF_THE_ADDRESS: Final = frozenset("ipv")

_MACRO = re.compile(r"%(?:\{([a-z])([0-9]*)(r?)([-.+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_LITERALS: Final = {"%": "%", "_": " ", "-": "%20"}
_LONGEST: Final = 253  # characters of a name; longer ones lose labels in front (section 7.3)
_MOST_PARTS: Final = 3  # digits; there are not so many parts that more would tell them apart


def letters_of(spec: str) -> frozenset[str]:
    """Return the letters of the macros in a term, lower case."""
    if "%" not in spec:
        return frozenset()
    return frozenset(match[1].lower() for match in _MACRO.finditer(spec) if match[1])


def expand(spec: str, values: Mapping[str, str]) -> str:
    """Return the name that a domain-spec comes to, without final dot.

    It follows the grammar, and `values` has what each of its letters stands for.
    """
    if "%" in spec:
        spec = _MACRO.sub(lambda match: _fill(match, values), spec)
    return shorten(spec)


def expand_fixed(spec: str, domain: str, sender_domain: str) -> str | None:
    """Return a domain-spec with `%{d}` and `%{o}` filled in; None where it has other macros.

    `domain` is the one whose record holds the term, `sender_domain` the one that was asked for.
    """
    values = {"d": domain, "o": sender_domain}
    return expand(spec, values) if letters_of(spec) <= values.keys() else None


def shorten(name: str) -> str:
    """Return a name without final dot, and without labels in front for which it is too long."""
    name = name.rstrip(".")
    if len(name) <= _LONGEST:
        return name
    cut = name.find(".", len(name) - _LONGEST - 1)
    return name[cut + 1 :] if cut >= 0 else name.rpartition(".")[2]


def _fill(match: re.Match[str], values: Mapping[str, str]) -> str:
    letter, digits, turned, delimiters, literal = match.groups()
    if literal:
        return _LITERALS[literal]
    value = values[letter.lower()]
    parts = re.split(f"[{re.escape(delimiters)}]", value) if delimiters else value.split(".")
    if turned:
        parts.reverse()
    digits = digits.lstrip("0")
    if digits and len(digits) <= _MOST_PARTS:
        parts = parts[-int(digits) :]
    value = ".".join(parts)
    return _escape(value) if letter.isupper() else value


def _escape(value: str) -> str:
    """Return a value as letters in upper case have it: escaped as in URLs (section 7.3).

    Only its end is read where it is longer than a name, which loses the rest in any case.
    """
    return quote_from_bytes(value.encode()[-_LONGEST - 1 :], safe="")
