"""The facts of news as JSON-ready values: short ones, as incidents are loaded by their numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.checks.export.archive import dump_finding, load_finding
from bot.checks.finding import Finding, Status
from bot.watch.watch_news import CertificateTold, DigestLine, DigestTold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def dump_certificate(told: CertificateTold) -> dict[str, Any]:
    """Return news of a certificate as facts."""
    return {
        "host": told.host,
        "ports": list(told.ports),
        "ends_at": told.ends_at.isoformat(),
        "days": told.days,
    }


def load_certificate(facts: Mapping[str, Any]) -> CertificateTold:
    """Return what `dump_certificate` was given."""
    return CertificateTold(
        host=facts["host"],
        ports=tuple(facts["ports"]),
        ends_at=datetime.fromisoformat(facts["ends_at"]),
        days=facts["days"],
    )


def dump_digest(told: DigestTold) -> dict[str, Any]:
    """Return a digest as facts."""
    return {
        "at": told.at.isoformat(),
        "total": told.total,
        "lines": [_dump_line(line) for line in told.lines],
        "unlisted": told.unlisted,
    }


def load_digest(facts: Mapping[str, Any]) -> DigestTold:
    """Return what `dump_digest` was given."""
    lines: Iterable[list[Any]] = facts["lines"]
    return DigestTold(
        at=datetime.fromisoformat(facts["at"]),
        total=facts["total"],
        lines=tuple(_load_line(line) for line in lines),
        unlisted=facts.get("unlisted", 0),  # before version 0010 none was
    )


def dump_maybe(finding: Finding | None) -> str | None:
    """Return a finding as text, if there is one."""
    return None if finding is None else dump_finding(finding)


def load_maybe(text: str | None) -> Finding | None:
    """Return what `dump_maybe` was given."""
    return None if text is None else load_finding(text)


def _dump_line(line: DigestLine) -> list[Any]:
    return [
        line.subject,
        line.status.value,
        line.next,
        _dump_time(line.since),
        dump_maybe(line.finding),
        _dump_time(line.known_at),
    ]


def _load_line(raw: list[Any]) -> DigestLine:
    subject, status, following, since, finding, known_at = raw
    return DigestLine(
        subject=subject,
        status=Status(status),
        next=following,
        since=_load_time(since),
        finding=load_maybe(finding),
        known_at=_load_time(known_at),
    )


def _dump_time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _load_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
