"""Where a DMARC record is instead of at `_dmarc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.dmarc.record import is_meant_as_dmarc, parse_record
from bot.checks.misplaced_record import MisplacedRecord, texts_at
from bot.checks.name_slip import WrongPlace, slips_of
from bot.checks.spf.texts import sort_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.name_slip import Place
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def find_dmarc(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where a DMARC record is instead of at `_dmarc`."""
    for owner, where in (
        *dmarc_places(expected, observed),
        (expected.domain.name, WrongPlace.APEX),
    ):
        for text in texts_at(observed, owner):
            # One that shares a TXT record with SPF cannot be moved; SPF says that they are two.
            shares_record = any(spf.joined for spf in sort_texts([text.encode()]))
            if is_like_dmarc(text) and not shares_record:
                return MisplacedRecord(owner, where, text, parse_record(text) is not None)
    return None


def dmarc_places(expected: Expected, observed: Observation) -> Iterator[Place]:
    """Give the wrong places of a DMARC record that have to be asked for, the likeliest first."""
    for owner, where in slips_of((b"_dmarc",), expected.domain.name, observed.zone):
        # What is right for a domain above speaks for this one as well (RFC 9989 section 4.10).
        if where is not WrongPlace.PARENT:
            yield owner, where


def is_like_dmarc(text: str) -> bool:
    """Whether a text is a DMARC record or was meant to be one."""
    return parse_record(text) is not None or is_meant_as_dmarc(text)
