"""A fault that was seen in two looks in a row, until it has been mended for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.finding import Finding


@dataclass(frozen=True, slots=True)
class Incident:
    """A fault that was seen in two looks in a row, until it has been mended for good.

    There is one open for a subject and check (of the mail server: and fault). `finding` is the
    latest; `began_at` the first look that saw it, `good_since` the first that saw it no more, None
    where it is still there; it counts as mended where it stays so until `calm_until`. `relapses`
    counts how often it came back meanwhile. One that is closed without `good_since` was not
    mended: nobody wants its subject watched any more.
    """

    id: int
    subject: str
    check: str  # a `Check`, of the mail server what its judges call the fault
    finding: Finding
    began_at: datetime
    opened_at: datetime
    seen_at: datetime
    good_since: datetime | None = None
    calm_until: datetime | None = None
    relapses: int = 0
    closed_at: datetime | None = None
