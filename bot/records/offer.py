"""Which optional records are offered to members; the rest is judged only where it is there."""

from __future__ import annotations

from typing import Final

# The optional checks by their names, in the order of the report.
OFFERABLE: Final = (
    "webmail",
    "autoconfig",
    "autodiscover",
    "srv",
    "mta-sts",
    "tls-rpt",
    "dane",
    "dnssec",
    "caa",
)
USUAL_OFFER: Final = frozenset(OFFERABLE[:3])
