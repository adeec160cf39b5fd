"""The other selectors at which a domain may hold a key of the mail server (RFC 6376 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.answers import answer_to, decode_texts
from bot.checks.dkim.text import find_fault, read_pairs, read_tags, squeeze
from bot.errors import InvalidKey
from bot.records.dkim_key import KnownKey
from bot.records.key_forms import read_key

if TYPE_CHECKING:
    import dns.name

    from bot.checks.observation import Observation
    from bot.names import Domain
    from bot.records.expected import Expected

_MOST_NAMES = 3  # looked at beside the right one


@dataclass(frozen=True, slots=True)
class KeyAtOtherSelector:
    """A sound key of the mail server at a selector that it does not sign with."""

    owner: dns.name.Name
    is_current: bool  # the key is the right one; else one that the server had before
    is_alias: bool  # the name is an alias, so there is no record of the member's to move


def selector_name(domain: Domain, selector: str) -> dns.name.Name | None:
    """Return the name of a key record; None where it would be too long."""
    return domain.below(f"{selector}._domainkey")


def other_key_name(expected: Expected) -> dns.name.Name | None:
    """Return the name of the other key's record while the domain's key is being changed."""
    change = expected.change
    return None if change is None else selector_name(expected.domain, change.key.selector)


def other_names(expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names where a key of the mail server may be instead, the likeliest first.

    These are the selectors of its former keys and the one for new keys; none where the key that
    it signs with is not known, for then nobody can tell which key is its own. While the key is
    being changed, both keys have a name of their own, so that the other one's is none of these.
    """
    if not isinstance(expected.dkim, KnownKey):
        return ()
    selectors = (*(key.selector for key in expected.former), expected.server.dkim_selector)
    taken = (None, selector_name(expected.domain, expected.selector), other_key_name(expected))
    names = dict.fromkeys(selector_name(expected.domain, selector) for selector in selectors)
    return tuple(name for name in names if name is not None and name not in taken)[:_MOST_NAMES]


def find_elsewhere(expected: Expected, observed: Observation) -> KeyAtOtherSelector | None:
    """Return where a key of the mail server is instead; the current key goes before former ones."""
    current = expected.dkim
    if not isinstance(current, KnownKey):
        return None
    former = {(key.record.key_type, key.record.key) for key in expected.former}
    right = (current.record.key_type, current.record.key)
    found = []
    for name in other_names(expected):
        answer = answer_to(observed, name, TXT)
        for text in decode_texts(answer):
            key = _read_sound_key(text)
            if key == right or key in former:
                found.append(KeyAtOtherSelector(name, key == right, bool(answer.chain)))
    return min(found, key=lambda one: not one.is_current, default=None)


def _read_sound_key(text: str) -> tuple[str, bytes] | None:
    tags = read_tags(text)
    if find_fault(text, tags) is not None:
        return None
    pairs = read_pairs(tags)
    key_type = pairs.get("k", "rsa")
    try:
        return key_type, read_key(squeeze(pairs["p"]), key_type)[0]
    except InvalidKey:
        return None
