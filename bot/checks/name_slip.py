"""The names that a record comes to by one slip of the hand, the likeliest first.

People type a name in full where the provider adds the zone, lose a label, a dot or an underscore,
type one twice, or swap two.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.checks.answers import prefix_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

_Labels = tuple[bytes, ...]
# Where somebody separates the words of a label by mistake.
_WORDS = {b"_domainkey": ((b"_domain", b"key"), (b"_domain_key",), (b"_domain-key",))}


class WrongPlace(StrEnum):
    """In which way a wrong owner name differs from the right one."""

    DOUBLED = "doubled"  # the zone's name once more behind it
    PARTIAL = "partial"  # a part of the zone's name once more
    APEX = "apex"  # at the domain itself
    HOST = "host"  # at mail or www
    TYPE = "type"  # at a label that says what the record is: mx, spf
    SIGN = "sign"  # the sign @ taken for a label
    LOST = "lost"  # a label is not there
    NO_UNDERSCORE = "no-underscore"
    UNDERSCORE = "underscore"  # one too many
    NO_DOT = "no-dot"  # two labels have become one
    DOT = "dot"  # one label has become two, or is written as two words
    SWAPPED = "swapped"  # two labels
    REPEATED = "repeated"  # a label comes twice
    SELECTOR = "selector"  # another selector
    PARENT = "parent"  # below the zone's apex instead of the domain


Place = tuple["dns.name.Name", WrongPlace]


@lru_cache(maxsize=64)  # one check reads the same few names again and again
def slips_of(prefix: _Labels, domain: dns.name.Name, zone: dns.name.Name) -> tuple[Place, ...]:
    """Return the wrong names of a record that belongs at the labels `prefix` below a domain.

    The zone is the one that the domain lies in. Names too long to exist are left out, and so are
    the domain itself and what is no slip of the labels before it.
    """
    made = (*_with_zone(prefix, domain, zone), *_before(prefix, domain))
    names = ((prefix_name(labels, ()), where) for labels, where in made)
    return tuple((name, where) for name, where in names if name is not None)


def _with_zone(
    prefix: _Labels, domain: dns.name.Name, zone: dns.name.Name
) -> Iterator[tuple[_Labels, WrongPlace]]:
    """Give the names with more or less of the zone's name behind them."""
    right = (*prefix, *domain.labels)
    bare, first = right[:-1], zone.labels[:1]
    yield (*bare, *zone.labels), WrongPlace.DOUBLED
    if domain != zone and prefix:
        yield (*prefix, *zone.labels), WrongPlace.PARENT
    if domain != zone:
        yield (*prefix, *domain.labels[:1], *domain.labels), WrongPlace.REPEATED
    inner = right[: len(right) - len(zone)]
    if len(zone) > 2:  # else that is all of its name
        yield (*inner, *first, *zone.labels), WrongPlace.PARTIAL


def _before(prefix: _Labels, domain: dns.name.Name) -> Iterator[tuple[_Labels, WrongPlace]]:
    """Give the names with a slip in the labels before the domain."""
    for labels, where in dict(_slips(prefix)).items():
        if labels and labels != prefix:
            yield (*labels, *domain.labels), where


def _slips(labels: _Labels) -> Iterator[tuple[_Labels, WrongPlace]]:
    places = range(len(labels))
    pairs = range(len(labels) - 1)
    for at in reversed(places):
        yield (*labels[:at], *labels[at + 1 :]), WrongPlace.LOST
    for at in pairs:
        yield (*labels[:at], labels[at] + labels[at + 1], *labels[at + 2 :]), WrongPlace.NO_DOT
    for at in places:
        if labels[at].startswith(b"_"):
            yield (*labels[:at], labels[at][1:], *labels[at + 1 :]), WrongPlace.NO_UNDERSCORE
    for at in pairs:
        swapped = (labels[at + 1], labels[at])
        yield (*labels[:at], *swapped, *labels[at + 2 :]), WrongPlace.SWAPPED
    for at in reversed(places):
        yield (*labels[: at + 1], *labels[at:]), WrongPlace.REPEATED
    for at in places:
        yield (*labels[:at], b"_" + labels[at], *labels[at + 1 :]), WrongPlace.UNDERSCORE
    for at in places:
        for words in _WORDS.get(labels[at], ()):
            yield (*labels[:at], *words, *labels[at + 1 :]), WrongPlace.DOT
