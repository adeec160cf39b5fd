"""Where a DKIM key record is instead of at its selector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.answers import prefix_name
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.text import is_meant_as_key, read_key_text
from bot.checks.misplaced_record import (
    MisplacedRecord,
    WrongPlace,
    append_zone,
    texts_at,
    wrong_place,
)
from bot.records.dkim_key import KnownKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from bot.checks.observation import Observation
    from bot.records.expected import Expected

# Selectors that Mailcow and other mail software use where nobody chooses one.
_USUAL_SELECTORS = ("dkim", "mailcow", "default")
_MOST_SELECTORS = 2  # of them
_ENOUGH = 40  # first characters of a key that two keys do not share by chance


def find_dkim(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where a DKIM record is instead; the known key goes before any other text."""
    known = expected.dkim
    if not isinstance(known, KnownKey):
        return None
    want = read_key_text(known.record.text)
    found: list[MisplacedRecord] = []
    places = (*dkim_places(expected, observed), (expected.domain.name, WrongPlace.APEX))
    for owner, where in places:
        for text in texts_at(observed, owner):
            if not is_meant_as_key(text):
                continue
            key = read_key_text(text)
            # At another selector it may well be another sender's.
            if where is not WrongPlace.SELECTOR or key[:_ENOUGH] == want[:_ENOUGH]:
                found.append(MisplacedRecord(owner, where, text, key == want))
    return min(found, key=lambda misplaced: not misplaced.is_right, default=None)


def dkim_places(
    expected: Expected, observed: Observation
) -> Iterator[tuple[dns.name.Name, WrongPlace]]:
    """Give the wrong places of a key record, without the domain itself."""
    domain, zone = expected.domain.name, observed.zone
    right = selector_name(expected.domain, expected.selector)
    if right is None:
        return
    selector = right.labels[: -len(domain.labels) - 1]
    yield from wrong_place(append_zone(right, zone), WrongPlace.DOUBLED)
    yield from wrong_place(prefix_name(selector, domain.labels), WrongPlace.NO_DOMAINKEY)
    yield from wrong_place(
        prefix_name((*selector, b"domainkey"), domain.labels), WrongPlace.NO_UNDERSCORE
    )
    yield from wrong_place(expected.domain.below("_domainkey"), WrongPlace.NO_SELECTOR)
    if zone != domain:
        yield from wrong_place(
            prefix_name((*selector, b"_domainkey"), zone.labels), WrongPlace.PARENT
        )
    others = [s for s in _USUAL_SELECTORS if selector_name(expected.domain, s) != right]
    for other in others[:_MOST_SELECTORS]:
        yield from wrong_place(selector_name(expected.domain, other), WrongPlace.SELECTOR)
