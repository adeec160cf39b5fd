"""Whether a name is a registry's: one under which anybody can register names, such as co.uk."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import dns.name
import idna
from publicsuffixlist import PublicSuffixList

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
    return _load_list().is_public(".".join(map(_decode_label, absolute.labels[:-1])))


@cache
def _load_list() -> PublicSuffixList:
    """Return the list, read at the first question that needs it: it takes about 12 ms."""
    # Without the names in their ASCII form, whose making takes three times as long.
    return PublicSuffixList(accept_encoded_idn=False)


def _decode_label(label: bytes) -> str:
    """Return a label as the list has it: lower case, with its own letters."""
    text = label.decode("ascii", "replace").lower()
    if not text.startswith("xn--"):
        return text
    try:
        return idna.ulabel(text)
    except idna.IDNAError:
        return text  # no name, so it is on no list
