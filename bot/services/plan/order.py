"""In which order a domain is set up: one table for a new domain, one for a domain that moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.services.plan.step import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

_P: Final = Part
_ON_SERVER: Final = (_P.DELEGATION, _P.SERVER)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One part of a plan, and the parts that have to be done before.

    Parts that are left out of a plan, and a mail server that does not answer, hold nothing up.
    """

    part: Part
    needs: tuple[Part, ...] = ()


# The old key's record is touched only while that of the key in use is right.
_OTHER_KEY: Final = (
    PlanRow(_P.DKIM_NEXT, _ON_SERVER),
    PlanRow(_P.DKIM_FORMER, (*_ON_SERVER, _P.DKIM)),
)

# Nothing is typed before the server takes the domain's mail: what it does not know it refuses for
# good (RFC 5321 section 4.2.1, a 5xx reply), and whoever waits types all of it in one sitting.
NEW_DOMAIN: Final = (
    PlanRow(_P.DELEGATION),
    PlanRow(_P.SERVER, (_P.DELEGATION,)),
    PlanRow(_P.MX, _ON_SERVER),
    PlanRow(_P.SPF, _ON_SERVER),
    PlanRow(_P.DKIM_KEY, _ON_SERVER),
    PlanRow(_P.DKIM, (*_ON_SERVER, _P.DKIM_KEY)),
    *_OTHER_KEY,
    PlanRow(_P.DMARC, _ON_SERVER),
    PlanRow(_P.ZONE, (_P.DELEGATION,)),
    PlanRow(_P.EXTRAS, _ON_SERVER),
    PlanRow(_P.QUARANTINE, (_P.MX, _P.SPF, _P.DKIM, _P.DMARC)),
    PlanRow(_P.REJECT, (_P.MX, _P.SPF, _P.DKIM, _P.DMARC, _P.QUARANTINE)),
    PlanRow(_P.OPTIONAL),
)

# The MX comes last: until then mail goes on arriving where it arrives now. The domain comes to the
# server late, as from then on mail between the server's own members stays there.
MOVING_DOMAIN: Final = (
    PlanRow(_P.DELEGATION),
    PlanRow(_P.CONTROL, (_P.DELEGATION,)),
    PlanRow(_P.SPF, (_P.DELEGATION,)),
    PlanRow(_P.DMARC, (_P.DELEGATION,)),
    PlanRow(_P.MAILBOXES, (_P.DELEGATION, _P.CONTROL, _P.SPF)),
    PlanRow(_P.SERVER, (_P.DELEGATION, _P.CONTROL, _P.SPF)),
    PlanRow(_P.DKIM_KEY, _ON_SERVER),
    PlanRow(_P.DKIM, (*_ON_SERVER, _P.DKIM_KEY)),
    *_OTHER_KEY,
    PlanRow(_P.MX, (*_ON_SERVER, _P.SPF, _P.DKIM)),
    PlanRow(_P.EXTRAS, (*_ON_SERVER, _P.SPF, _P.DKIM)),
    PlanRow(_P.ZONE, (_P.DELEGATION,)),
    PlanRow(_P.FORMER_MAIL, (_P.MX,)),
    PlanRow(_P.QUARANTINE, (_P.MX, _P.SPF, _P.DKIM, _P.DMARC)),
    PlanRow(_P.REJECT, (_P.MX, _P.SPF, _P.DKIM, _P.DMARC, _P.QUARANTINE)),
    PlanRow(_P.OPTIONAL),
)


def rows(*, moves: bool) -> Iterator[PlanRow]:
    """Yield the rows of a table in their order."""
    yield from MOVING_DOMAIN if moves else NEW_DOMAIN
