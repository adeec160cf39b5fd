"""Where the MX record to the mail server is instead of at the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dns.rdatatype import MX as MX_TYPE
from dns.rdtypes.ANY.MX import MX

from bot.checks.misplaced_record import MisplacedRecord, domain_places, is_wild

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.records.expected import Expected


def find_mx(expected: Expected, observed: Observation) -> MisplacedRecord | None:
    """Return where the MX record to our host is instead of at the domain."""
    host = expected.server.host
    for owner, where in domain_places(expected, observed):
        answer = observed.answer(owner, MX_TYPE)
        if answer is None or answer.chain or is_wild(observed, owner, MX_TYPE):
            continue
        for record in answer.rdatas:
            if isinstance(record, MX) and record.exchange == host:
                return MisplacedRecord(owner, where, host.to_text(), True, record.preference)
    return None
