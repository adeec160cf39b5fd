"""What was known of a domain when somebody asked for something, as it is kept with the request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Status, Subject

if TYPE_CHECKING:
    from bot.checks.report import Report


@dataclass(frozen=True, slots=True)
class Evidence:
    """The status of each check at a time, and whether the mail server knew the domain."""

    at: datetime
    checks: tuple[tuple[Subject, Status], ...]
    on_server: bool | None = None  # None: nobody could tell


def take_evidence(report: Report, *, on_server: bool | None = None) -> Evidence:
    """Return what a report shows; `on_server` says whether the mail server has the domain."""
    statuses = tuple((result.check, result.status) for result in report.results)
    return Evidence(report.checked_at, statuses, on_server)


def dump_evidence(evidence: Evidence) -> str:
    """Return evidence as one line of JSON, for `Request.evidence`."""
    return json.dumps(
        {
            "at": evidence.at.isoformat(),
            "checks": {check.value: status.value for check, status in evidence.checks},
            "on_server": evidence.on_server,
        }
    )


def load_evidence(text: str) -> Evidence | None:
    """Return what `dump_evidence` wrote; None where there is none, or another version wrote it."""
    try:
        raw = json.loads(text)
        checks = tuple((Check(name), Status(value)) for name, value in raw["checks"].items())
        on_server = raw["on_server"]
        at = datetime.fromisoformat(raw["at"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Evidence(at, checks, on_server if isinstance(on_server, bool) else None)
