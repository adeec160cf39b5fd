"""Whether a name is a registry's: one under which anybody can register names, such as co.uk."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dns.name
import idna
from publicsuffixlist import PSLFILE

if TYPE_CHECKING:
    from dns.name import Name


def is_public_suffix(name: Name) -> bool:
    """Whether a name is the root, a top-level domain or another public suffix (publicsuffix.org).

    Suffixes of private registries, such as those of dynamic DNS, count as well: their zone is not
    the member's either. The list is the one that the package brings along; nothing is downloaded.
    """
    if len(name.labels) <= 2:  # one label and the root: every top-level domain is one
        return True
    absolute = name.derelativize(dns.name.root)
    suffix = ".".join(map(_decode_label, absolute.labels[:-1]))
    above = suffix.partition(".")[2]
    rules = _load_rules()
    if f"!{suffix}" in rules:
        return False
    if suffix in rules or f"*.{suffix}" in rules:  # what has a wildcard below is a suffix itself
        return True
    return f"*.{above}" in rules and f"!{above}" not in rules


@cache
def _load_rules() -> frozenset[str]:
    """Return the lines of the list, read at the first question that needs them: it takes 3 ms.

    Comments are among them, and have a form that no name has. The package's own reader of the list
    takes three times as long, for a check of one domain as well.
    """
    return frozenset(Path(PSLFILE).read_text(encoding="utf-8").splitlines())


def _decode_label(label: bytes) -> str:
    """Return a label as the list has it: lower case, with its own letters."""
    text = label.decode("ascii", "replace").lower()
    if not text.startswith("xn--"):
        return text
    try:
        return idna.ulabel(text)
    except idna.IDNAError:
        return text  # no name, so it is on no list
