"""Whether a domain belongs to a big mail provider, so that no member of ours can have it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dns.name

if TYPE_CHECKING:
    from dns.name import Name

_ROWS = Path(__file__).with_suffix(".toml")


def is_provider_domain(name: Name) -> bool:
    """Whether a name is a domain of a well-known mail provider, or lies below one.

    Everybody has an address there, and nobody who asks has the domain. The list comes with the
    program; nothing is downloaded.
    """
    domains = load_provider_domains()
    while len(name.labels) > 2:  # one label and the root
        if name in domains:
            return True
        name = name.parent()
    return False


@cache
def load_provider_domains() -> frozenset[Name]:
    """Return the domains of all providers, read at the first question."""
    rows = tomllib.loads(_ROWS.read_text(encoding="utf-8"))
    return frozenset(dns.name.from_text(domain) for domains in rows.values() for domain in domains)
