"""The names that SPF's terms and answers lead to: as text, and as the owner that is asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import dns.name

from bot.dns.owner_name import owner_of

if TYPE_CHECKING:
    from bot.dns.owner_name import Owner

_KEPT: Final = 2048  # names that are remembered, of at most some 250 characters each
_LONGEST_NAME: Final = 253  # characters without final dot
_LONGEST_WIRE: Final = 255  # octets (RFC 1035 section 2.3.4)
_LONGEST_LABEL: Final = 63


class SpfTarget(NamedTuple):
    """A name to ask for. Nothing can have it where it has no owner."""

    text: str
    owner: Owner | None
    is_domain: bool  # whether it is one that SPF asks for (RFC 7208 section 4.3)


def target_of(text: str) -> SpfTarget:
    """Return the target that an expanded domain-spec or a domain is.

    A backslash is a character like any other there (RFC 7208 section 7.1).
    """
    return _target_of(text) if len(text) <= _LONGEST_WIRE else SpfTarget(text, None, False)


def target_of_name(name: dns.name.Name) -> SpfTarget:
    """Return the target that a name out of an answer is; the root names nobody."""
    if name == dns.name.root:
        return SpfTarget("", None, False)
    return SpfTarget(name.to_text(omit_final_dot=True), owner_of(name), True)


def is_at_or_below(owner: Owner, ancestor: Owner) -> bool:
    """Whether an owner is another one or a name below it."""
    at = 0
    while at < len(owner):
        if owner[at:] == ancestor:
            return True
        at += 1 + owner[at]
    return False


@lru_cache(maxsize=_KEPT)
def _target_of(text: str) -> SpfTarget:
    labels = text.removesuffix(".").encode().lower().split(b".")
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        return SpfTarget(text, None, False)
    owner = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if len(owner) > _LONGEST_WIRE:
        return SpfTarget(text, None, False)
    return SpfTarget(text, owner, len(labels) > 1)
