"""Where a DMARC record is instead of at `_dmarc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.dmarc.record import is_meant_as_dmarc, parse_record
from bot.checks.misplaced_record import (
    MisplacedRecord,
    WrongPlace,
    append_zone,
    texts_at,
    wrong_place,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def find_dmarc(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where a DMARC record is instead of at `_dmarc`."""
    for owner, where in (
        *dmarc_places(expected, observed),
        (expected.domain.name, WrongPlace.APEX),
    ):
        for text in texts_at(observed, owner):
            if is_like_dmarc(text):
                return MisplacedRecord(owner, where, text, parse_record(text) is not None)
    return None


def dmarc_places(
    expected: Expected, observed: Observation
) -> Iterator[tuple[dns.name.Name, WrongPlace]]:
    """Give the wrong places of a DMARC record, without the domain itself."""
    right = expected.domain.below("_dmarc")
    if right is not None:
        yield from wrong_place(append_zone(right, observed.zone), WrongPlace.DOUBLED)
    yield from wrong_place(expected.domain.below("dmarc"), WrongPlace.NO_UNDERSCORE)


def is_like_dmarc(text: str) -> bool:
    """Whether a text is a DMARC record or was meant to be one."""
    return parse_record(text) is not None or is_meant_as_dmarc(text)
