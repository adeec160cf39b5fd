"""The policies that a DMARC record can ask for (RFC 9989 section 4.7)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DmarcPolicy(StrEnum):
    """What a domain asks receivers to do with mail that fails, weakest first."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    def weaker_than(self, other: DmarcPolicy) -> bool:
        """Whether it asks for less than the other."""
        order = tuple(DmarcPolicy)
        return order.index(self) < order.index(other)


POLICIES: Final = tuple(str(policy) for policy in DmarcPolicy)  # weakest first


def policies_allowed(*, spf_proven: bool, dkim_proven: bool) -> tuple[str, ...]:
    """Return the policies that a domain is ready for, weakest first.

    A strict one has a domain's own mail refused unless both are proven to work for it (RFC 9989
    section 5.1.4).
    """
    return POLICIES if spf_proven and dkim_proven else POLICIES[:1]
