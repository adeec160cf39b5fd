"""The names under which Mailcow has keys that sign no mail: one made, and copies of domains'.

`.invalid` is nobody's (RFC 6761 section 6.4), so no mail is ever sent from such a name.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.errors import BackendRefused
from bot.names import Domain

if TYPE_CHECKING:
    import dns.name

WORKSHOP: Final = Domain.from_ascii("dkim-factory.invalid")
LONGEST_NAME: Final = 253  # octets (RFC 1035 section 2.3.4)
_NEXT, _FORMER = "next", "prev"


def is_workshop_name(domain: Domain) -> bool:
    """Whether a name is the workshop's or below it: no mail domain of anybody."""
    return domain.name.is_subdomain(WORKSHOP.name)


def next_name(domain: Domain) -> Domain:
    """Return under which name a domain's next key is kept; raises BackendRefused."""
    return _kept_name(domain, _NEXT)


def former_name(domain: Domain) -> Domain:
    """Return under which name a domain's former key is kept; raises BackendRefused."""
    return _kept_name(domain, _FORMER)


def is_kept_name(domain: Domain) -> bool:
    """Whether a name is one of those that `next_name` and `former_name` give."""
    shelves = [Domain.from_ascii(f"{label}.{WORKSHOP}").name for label in (_NEXT, _FORMER)]
    return any(_is_below(domain.name, shelf) for shelf in shelves)


def _is_below(name: dns.name.Name, parent: dns.name.Name) -> bool:
    return name != parent and name.is_subdomain(parent)


def _kept_name(domain: Domain, label: str) -> Domain:
    if is_workshop_name(domain):
        raise BackendRefused("mailcow-workshop-name", domain=domain.ascii)
    whole = f"{domain.ascii}.{label}.{WORKSHOP.ascii}"
    if len(whole) > LONGEST_NAME:
        most = LONGEST_NAME - (len(whole) - len(domain.ascii))
        raise BackendRefused("mailcow-name-too-long-to-keep", domain=domain.ascii, most=most)
    name = None
    with suppress(ValueError):
        name = Domain.from_ascii(whole)
    if name is None:
        raise BackendRefused("mailcow-domain-unsafe")
    return name
