"""How one part of a plan stands, as a value, and how the parts of a changed DKIM key do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.checks.dkim.server_records import RecordState
from bot.checks.report import is_of_other_key
from bot.records.key_change import KeyRole
from bot.services.plan.step import Part, StepState, Who

if TYPE_CHECKING:
    from bot.checks.finding import Finding, Fix
    from bot.checks.report import OtherKeySeen, Report
    from bot.records.expected import Expected
    from bot.requests.model import RequestKind


@dataclass(frozen=True, slots=True)
class Standing:
    """How a part stands: NEXT means that there is something to do, once its turn has come."""

    part: Part
    state: StepState
    who: Who = Who.MEMBER
    findings: tuple[Finding, ...] = ()
    fixes: tuple[Fix, ...] = ()
    asks: RequestKind | None = None
    until: datetime | None = None


def to_do(part: Part, findings: tuple[Finding, ...]) -> Standing:
    """Return that there is something to type, by the findings that say what."""
    fixes = tuple(dict.fromkeys(fix for finding in findings for fix in finding.fixes))
    return Standing(part, StepState.NEXT, findings=findings, fixes=fixes)


def wait_for_caches(part: Part, waits: Finding) -> Standing:
    """Return that a part is typed, and old answers are still kept, by the finding that says so."""
    until = waits.facts.get("until")
    at = datetime.fromtimestamp(until, UTC) if isinstance(until, int) else None
    return Standing(part, StepState.WAITING_DNS, findings=(waits,), until=at)


def stand_next_key(expected: Expected, report: Report) -> Standing | None:
    """Return how the new key's record stands; once everybody has it, it is the mail server's turn.

    None where no key is to come, or the report is of before that was known.
    """
    part, seen, found = Part.DKIM_NEXT, _see(expected, report), _findings(report)
    if seen is None or seen.role is not KeyRole.NEXT:
        return None
    match seen.state:
        case RecordState.UNANSWERED:
            return Standing(part, StepState.UNKNOWN)
        case RecordState.RIGHT if found:
            return wait_for_caches(part, found[0])
        case RecordState.RIGHT:
            return Standing(part, StepState.WAITING_ADMIN, Who.ADMIN)
    return to_do(part, found)


def stand_former_key(expected: Expected, report: Report) -> Standing | None:
    """Return how the old key's record stands: it is to stay for a time, and to go after it.

    None where it is gone when it may be, or nobody looked for it.
    """
    part, seen, found = Part.DKIM_FORMER, _see(expected, report), _findings(report)
    if seen is None or seen.role is KeyRole.NEXT:
        return None
    if seen.role is KeyRole.DONE:
        return to_do(part, found) if found else None
    if seen.state in {RecordState.MISSING, RecordState.OTHER}:
        return to_do(part, found)
    until = None if expected.change is None else expected.change.until
    return Standing(part, StepState.LATER, findings=found, until=until)


def _see(expected: Expected, report: Report) -> OtherKeySeen | None:
    """Return what a report saw of the domain's other key; None where that was another change."""
    seen, change = report.other_key, expected.change
    return seen if seen is not None and change is not None and seen.is_about(change) else None


def _findings(report: Report) -> tuple[Finding, ...]:
    return tuple(filter(is_of_other_key, report.findings))
