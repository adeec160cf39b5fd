"""Where the SPF record that allows the mail server is instead of at the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.dkim.misplaced import zone_has_its_own
from bot.checks.misplaced_record import MisplacedRecord, domain_places, texts_at
from bot.checks.name_slip import WrongPlace
from bot.checks.spf.terms import same_record, terms_of
from bot.checks.spf.texts import SpfTextKind, sort_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.name_slip import Place
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def find_spf(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where the SPF record that allows our server is instead of at the domain.

    A host may have a record of its own, so only one with our terms counts.
    """
    value = expected.server.spf
    ours = {term.key for term in terms_of(value) if term.name != "all"}
    for owner, where in spf_places(expected, observed):
        if where is WrongPlace.PARENT and zone_has_its_own(expected, observed):
            continue
        for text in texts_at(observed, owner):
            is_record = any(t.kind is SpfTextKind.RECORD for t in sort_texts([text.encode()]))
            if is_record and ours <= {term.key for term in terms_of(text)}:
                is_right, stays = same_record(text, value), where is WrongPlace.PARENT
                return MisplacedRecord(owner, where, text, is_right, stays=stays)
    return None


def spf_places(expected: Expected, observed: Observation) -> Iterator[Place]:
    """Give the wrong places of an SPF record, the likeliest first."""
    return domain_places(expected, observed, "spf", "_spf")
