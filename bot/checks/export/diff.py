"""What changed between an earlier report, read back from its JSON line, and a new one."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.checks.export.as_json import PLAN_SCHEMA, SCHEMA
from bot.checks.finding import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_EXAMPLE = "each line has to be a report of check --json"


@dataclass(frozen=True, slots=True)
class ComparedFinding:
    """One finding as it stands in a report's JSON; equal values are the same finding.

    `fixes` are JSON texts. Of an earlier report, all of it is text from a file: hostile.
    """

    check: str
    code: str
    severity: Status
    message: str
    fixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """The parts of an earlier report that are compared; none of them differs by the run alone."""

    domain: str
    checked_at: datetime
    status: Status
    findings: tuple[ComparedFinding, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new report says that the earlier one did not, and the other way round.

    `changed` are findings of the same check and code, as they were and as they are.
    """

    earlier: EarlierReport
    status: Status
    new: tuple[ComparedFinding, ...]
    gone: tuple[ComparedFinding, ...]
    changed: tuple[tuple[ComparedFinding, ComparedFinding], ...]

    @property
    def nothing(self) -> bool:
        """Whether all is as it was."""
        same = self.status is self.earlier.status
        return same and not (self.new or self.gone or self.changed)


def compare(earlier: EarlierReport, row: Mapping[str, Any]) -> Changes:
    """Return what changed since an earlier report of the same domain.

    `row` is the new report as `report_as_dict` returns it. The findings of one check and code are
    paired with their equals first, then in their order.
    """
    now = _read_row(row)
    before = _without(earlier.findings, now.findings)
    after = _without(now.findings, earlier.findings)
    former: dict[tuple[str, str], deque[ComparedFinding]] = {}
    for said in before:
        former.setdefault((said.check, said.code), deque()).append(said)
    new, changed = [], []
    for said in after:
        if matches := former.get((said.check, said.code)):
            changed.append((matches.popleft(), said))
        else:
            new.append(said)
    gone = _without(before, [match for match, _ in changed])
    return Changes(earlier, now.status, tuple(new), tuple(gone), tuple(changed))


def _without(
    findings: Iterable[ComparedFinding], others: Iterable[ComparedFinding]
) -> list[ComparedFinding]:
    """Return the findings without those that the others have too, as often as they have them."""
    left, kept = Counter(others), []
    for said in findings:
        if left[said]:
            left[said] -= 1
        else:
            kept.append(said)
    return kept


def read_reports(lines: Iterable[str]) -> dict[str, EarlierReport]:
    """Return the reports of JSON lines by domain; of several of one domain, the latest.

    Raises:
        ValueError: a line is no report of this schema, or there is none at all; its text says
            which, in words for the person who gave the file.

    """
    found: dict[str, EarlierReport] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        report = _read_line(number, line)
        known = found.get(report.domain)
        if known is None or known.checked_at <= report.checked_at:
            found[report.domain] = report
    if not found:
        raise ValueError(f"there is no report in it; {_EXAMPLE}")
    return found


def changes_as_dict(changes: Changes) -> dict[str, object]:
    """Return the changes as JSON-ready values, as the report says findings."""
    return {
        "checked_at": changes.earlier.checked_at.strftime(_TIME),
        "status": changes.earlier.status.value,
        "new": [_as_dict(said) for said in changes.new],
        "gone": [_as_dict(said) for said in changes.gone],
        "changed": [
            {
                "check": now.check,
                "code": now.code,
                "before": _content(before),
                "now": _content(now),
            }
            for before, now in changes.changed
        ],
    }


def _as_dict(said: ComparedFinding) -> dict[str, object]:
    return {"check": said.check, "code": said.code, **_content(said)}


def _content(said: ComparedFinding) -> dict[str, object]:
    return {
        "severity": said.severity.value,
        "message": said.message,
        "fixes": [json.loads(fix) for fix in said.fixes],
    }


def _read_line(number: int, line: str) -> EarlierReport:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number} is no JSON; {_EXAMPLE}") from error
    schema = row.get("schema") if isinstance(row, dict) else None
    if not isinstance(schema, int):
        raise ValueError(f"line {number} is no report; {_EXAMPLE}")  # noqa: TRY004 - of a file
    if schema not in {SCHEMA, PLAN_SCHEMA}:
        raise ValueError(
            f"line {number} is a report of schema {schema}, and only schemas {SCHEMA} and"
            f" {PLAN_SCHEMA} can be compared; make a new one with check --json"
        )
    try:
        return _read_row(row)
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"line {number} is no whole report; {_EXAMPLE}") from error


def _read_row(row: Mapping[str, Any]) -> EarlierReport:
    """Return what a report says. Raises LookupError, TypeError or ValueError where it is none."""
    written = datetime.strptime(row["checked_at"], _TIME).replace(tzinfo=UTC)
    return EarlierReport(
        domain=_text(row["domain"]),
        checked_at=written,
        status=Status(row["status"]),
        findings=tuple(_read_finding(finding) for finding in row["findings"]),
    )


def _read_finding(raw: Mapping[str, Any]) -> ComparedFinding:
    return ComparedFinding(
        check=_text(raw["check"]),
        code=_text(raw["code"]),
        severity=Status(raw["severity"]),
        message=_text(raw["message"]),
        fixes=tuple(json.dumps(fix, sort_keys=True) for fix in raw["fixes"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
