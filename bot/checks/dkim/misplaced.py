"""Where a DKIM key record is instead of at its selector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dns.rdatatype import MX as MX_TYPE
from dns.rdatatype import TXT
from dns.rdtypes.ANY.MX import MX

from bot.checks.answers import prefix_name
from bot.checks.dkim.selectors import other_key_name, selector_name
from bot.checks.dkim.text import is_meant_as_key, read_key_text
from bot.checks.misplaced_record import MisplacedRecord, texts_at
from bot.checks.name_slip import WrongPlace, slips_of
from bot.records.dkim_key import KnownKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from bot.checks.name_slip import Place
    from bot.checks.observation import Observation
    from bot.records.expected import Expected

# Selectors that Mailcow and other mail software use where nobody chooses one.
_USUAL_SELECTORS = ("dkim", "mailcow", "default")
_MOST_SELECTORS = 2  # of them
# First characters of a key that two keys do not share: the first 44 are the same in all of a size.
_ENOUGH = 64
_RARE = frozenset({WrongPlace.UNDERSCORE, WrongPlace.DOT})  # looked at last
# Where a key may well be another sender's, or another domain's.
_OF_OTHERS = frozenset({WrongPlace.SELECTOR, WrongPlace.PARENT})


def find_dkim(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where a DKIM record is instead; the known key goes before any other text."""
    known = expected.dkim
    if not isinstance(known, KnownKey):
        return None
    want = read_key_text(known.record.text)
    found: list[MisplacedRecord] = []
    for owner, where in _all_places(expected, observed):
        for text in texts_at(observed, owner):
            if not is_meant_as_key(text):
                continue
            key = read_key_text(text)
            if where not in _OF_OTHERS or key[:_ENOUGH] == want[:_ENOUGH]:
                stays = where is WrongPlace.PARENT and _has_mail_here(expected, observed)
                found.append(MisplacedRecord(owner, where, text, key == want, stays=stays))
    return min(found, key=lambda misplaced: not misplaced.is_right, default=None)


def _has_mail_here(expected: Expected, observed: Observation) -> bool:
    """Whether the domain above has its mail at our host, so that the key there may be its own."""
    answer = observed.answer(observed.zone, MX_TYPE)
    targets = () if answer is None else answer.rdatas
    return any(isinstance(r, MX) and r.exchange == expected.server.host for r in targets)


def zone_has_its_own(expected: Expected, observed: Observation) -> bool:
    """Whether the zone above the domain may have mail of its own, so that its records stay its own.

    It is known not to have any where its selector holds no key, or the one of this domain.
    """
    right = selector_name(expected.domain, expected.selector)
    if right is None or not isinstance(expected.dkim, KnownKey):
        return True
    labels = right.labels[: -len(expected.domain.name.labels)]
    owner = prefix_name(labels, observed.zone.labels)
    answer = None if owner is None else observed.answer(owner, TXT)
    if owner is None or answer is None or answer.failed:
        return True
    want = read_key_text(expected.dkim.record.text)
    return any(
        is_meant_as_key(text) and read_key_text(text) != want for text in texts_at(observed, owner)
    )


def dkim_places(expected: Expected, observed: Observation) -> Iterator[Place]:
    """Give the wrong places of a key record that have to be asked for, the likeliest first."""
    domain, zone = expected.domain.name, observed.zone
    right = selector_name(expected.domain, expected.selector)
    if right is None:
        return
    slips = slips_of(right.labels[: -len(domain.labels)], domain, zone)
    yield from (place for place in slips if place[1] not in _RARE)
    taken = (right, other_key_name(expected))
    usual = (selector_name(expected.domain, selector) for selector in _USUAL_SELECTORS)
    others = [name for name in usual if name is not None and name not in taken]
    for name in others[:_MOST_SELECTORS]:
        yield name, WrongPlace.SELECTOR
    yield from (place for place in slips if place[1] in _RARE)


def _all_places(expected: Expected, observed: Observation) -> Iterator[Place]:
    yield from dkim_places(expected, observed)
    apex: dns.name.Name = expected.domain.name
    yield apex, WrongPlace.APEX
    if observed.zone != apex:
        yield observed.zone, WrongPlace.PARENT
