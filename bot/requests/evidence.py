"""What was known of a domain when somebody asked for something, as it is kept with the request."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.checks.finding import Check, Status, Subject
from bot.requests.backend import MailHosting
from bot.requests.control_proof import Control, ControlKind

if TYPE_CHECKING:
    from bot.checks.report import Report


# How earlier versions kept whether the mail server had the domain.
_FORMERLY = {True: MailHosting.ON, False: MailHosting.ABSENT, None: MailHosting.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was known of a domain at a time: its checks, the mail server's word, who controls it.

    `control` is None where nobody looked: for other kinds of requests, and in earlier versions.
    """

    at: datetime
    checks: tuple[tuple[Subject, Status], ...]
    hosting: MailHosting = MailHosting.UNKNOWN
    told_at: datetime | None = None  # when the mail server said otherwise than before
    control: Control | None = None


def take_evidence(
    report: Report,
    hosting: MailHosting,
    told_at: datetime | None = None,
    control: Control | None = None,
) -> Evidence:
    """Return what a report shows, what the mail server says of the domain, and what control shows.

    `told_at` is when the mail server last said otherwise than before.
    """
    statuses = tuple((result.check, result.status) for result in report.results)
    return Evidence(report.checked_at, statuses, hosting, told_at, control)


def follow_hosting(text: str, hosting: MailHosting, now: datetime) -> str:
    """Return evidence as it is kept, with what the mail server says now where that is another."""
    evidence = load_evidence(text)
    if evidence is None or hosting in {MailHosting.UNKNOWN, evidence.hosting}:
        return text
    return dump_evidence(replace(evidence, hosting=hosting, told_at=now))


def follow_control(text: str, control: Control) -> str:
    """Return evidence as it is kept, with what shows control of the domain now."""
    evidence = load_evidence(text)
    if evidence is None or evidence.control == control:
        return text
    return dump_evidence(replace(evidence, control=control))


def dump_evidence(evidence: Evidence) -> str:
    """Return evidence as one line of JSON, for `Request.evidence`."""
    return json.dumps(
        {
            "at": evidence.at.isoformat(),
            "checks": {check.value: status.value for check, status in evidence.checks},
            "hosting": evidence.hosting.value,
            "told_at": evidence.told_at.isoformat() if evidence.told_at else None,
            **({} if evidence.control is None else _dump_control(evidence.control)),
        }
    )


def load_evidence(text: str) -> Evidence | None:
    """Return what `dump_evidence` wrote; None where there is none, or another version wrote it."""
    try:
        raw = json.loads(text)
        checks = tuple((Check(name), Status(value)) for name, value in raw["checks"].items())
        at = datetime.fromisoformat(raw["at"])
        hosting = MailHosting(raw["hosting"]) if "hosting" in raw else _FORMERLY[raw["on_server"]]
        told_at = datetime.fromisoformat(raw["told_at"]) if raw.get("told_at") else None
        control = _load_control(raw)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Evidence(at, checks, hosting, told_at, control)


def _dump_control(control: Control) -> dict[str, str | None]:
    since = control.since.isoformat() if control.since else None
    return {"control": control.kind.value, "control_since": since}


def _load_control(raw: dict[str, Any]) -> Control | None:
    if raw.get("control") not in set(ControlKind):  # an earlier version wrote it, or a later one
        return None
    since = raw.get("control_since")
    return Control(ControlKind(raw["control"]), datetime.fromisoformat(since) if since else None)
