"""Where the MX record to the mail server is instead of at the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dns.rdatatype import MX as MX_TYPE
from dns.rdtypes.ANY.MX import MX

from bot.checks.dkim.misplaced import zone_has_its_own
from bot.checks.lent_record import is_lent_by_any
from bot.checks.misplaced_record import MisplacedRecord, domain_places
from bot.checks.name_slip import WrongPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.name_slip import Place
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def find_mx(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where the MX record to our host is instead of at the domain."""
    host = expected.server.host
    for owner, where in mx_places(expected, observed):
        if where is WrongPlace.PARENT and zone_has_its_own(expected, observed):
            continue
        answer = observed.answer(owner, MX_TYPE)
        if answer is None or not answer.found or answer.chain:
            continue
        if is_lent_by_any(observed, owner, MX_TYPE):
            continue
        for record in answer.rdatas:
            if isinstance(record, MX) and record.exchange == host:
                stays = where is WrongPlace.PARENT
                return MisplacedRecord(owner, where, host.to_text(), True, record.preference, stays)
    return None


def mx_places(expected: Expected, observed: Observation) -> Iterator[Place]:
    """Give the wrong places of an MX record, the likeliest first."""
    return domain_places(expected, observed, "mx", "_mx")
