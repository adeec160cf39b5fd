"""The macros in SPF terms: which of them stand there, and what the fixed ones come to."""

from __future__ import annotations

import re
from typing import Final

# What whoever sends the mail decides: HELO name, reverse name, local part, whole address.
CHOSEN: Final = frozenset("hpls")
# What depends on the address that connects (RFC 7208 section 7.2).
OF_THE_ADDRESS: Final = frozenset("ipv")

_MACRO = re.compile(r"%(?:\{([a-z])(\d{0,3})(r?)([-.+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_LITERALS: Final = {"%": "%", "_": " ", "-": "%20"}
_LONGEST: Final = 253  # characters of a name; longer ones lose labels in front (section 7.3)


def letters_of(spec: str) -> frozenset[str]:
    """Return the letters of the macros in a term, lower case."""
    return frozenset(match[1].lower() for match in _MACRO.finditer(spec) if match[1])


def expand_fixed(spec: str, domain: str, sender_domain: str) -> str | None:
    """Return a domain-spec with `%{d}` and `%{o}` filled in; None where it has other macros.

    `domain` is the one whose record holds the term, `sender_domain` the one that was asked for.
    """
    values = {"d": domain, "o": sender_domain}
    if not letters_of(spec) <= values.keys():
        return None

    def fill(match: re.Match[str]) -> str:
        letter, digits, turned, delimiters, literal = match.groups()
        if literal:
            return _LITERALS[literal]
        parts = re.split(f"[{re.escape(delimiters or '.')}]", values[letter.lower()])
        parts = parts[::-1] if turned else parts
        return ".".join(parts[-int(digits) :] if digits else parts)

    name = _MACRO.sub(fill, spec).rstrip(".")
    if len(name) <= _LONGEST:
        return name
    cut = name.find(".", len(name) - _LONGEST - 1)
    return name[cut + 1 :] if cut >= 0 else name.rpartition(".")[2]
