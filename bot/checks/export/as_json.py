"""A report as the contract's JSON object: schema 1, or 2 with the plan in it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Protocol

from bot.checks.references import load_references
from bot.records.presentation import full_name, relative_name
from bot.records.providers import find_provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.name

    from bot.checks.finding import Finding, Fix, Note
    from bot.checks.report import CheckResult, Report
    from bot.errors import Fact
    from bot.records.mail_server import MailServer

SCHEMA = 1  # without a plan, as the mail server's own report is
PLAN_SCHEMA = 2


class FindingWords(Protocol):
    """Writes findings, their reasons and notes as sentences; `bot.words.Words` does."""

    def finding(self, finding: Finding, context: Mapping[str, Fact]) -> str:
        """Return a finding's sentences."""
        ...

    def reason(self, finding: Finding, context: Mapping[str, Fact]) -> str:
        """Return why a finding is one."""
        ...

    def note(self, note: Note, context: Mapping[str, Fact]) -> str:
        """Return a note's sentence."""
        ...


def context_of(report: Report, server: MailServer) -> dict[str, Fact]:
    """Return what every template of a finding or note may use."""
    return {
        "domain": report.domain.ascii,
        "host": server.host_text,
        "service": server.name,
        "admin_told": server.tells_admin,
    }


def report_as_dict(
    report: Report,
    server: MailServer,
    words: FindingWords,
    *,
    explain: bool = False,
    plan: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the report as JSON-ready values; its texts are made safe by `words`.

    `explain` adds to each finding why it is one, and where the rule stands; `plan` is what comes
    next for the domain, as it is written.
    """
    context = context_of(report, server)
    row: dict[str, object] = {
        "schema": SCHEMA if plan is None else PLAN_SCHEMA,
        "domain": report.domain.ascii,
        "checked_at": report.checked_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": report.status.value,
        "checks": {
            result.check.value: _result(result, context, words) for result in report.results
        },
        "findings": [
            {
                "check": finding.check.value,
                "code": finding.code,
                "severity": finding.severity.value,
                "message": words.finding(finding, context),
                "fixes": [fix_as_dict(fix, report.zone) for fix in finding.fixes],
                **({} if finding.seen_after is None else {"seen_after": finding.seen_after}),
                **(_explain(finding, context, words) if explain else {}),
            }
            for finding in report.findings
        ],
        "queries": report.queries,
        "elapsed_ms": report.elapsed_ms,
    }
    if report.name_servers:
        row["provider"] = _provider(report)
    if plan is not None:
        row["plan"] = plan
    return row


def _provider(report: Report) -> dict[str, object]:
    provider = find_provider(report.name_servers).provider
    return {
        "key": provider.key if provider.is_known else None,
        "name": provider.name if provider.is_known else None,
        "name_servers": list(report.name_servers),
    }


def _explain(
    finding: Finding, context: Mapping[str, Fact], words: FindingWords
) -> dict[str, object]:
    reference = load_references().of(finding)
    return {"why": words.reason(finding, context), "reference": reference.url}


def _result(
    result: CheckResult, context: Mapping[str, Fact], words: FindingWords
) -> dict[str, object]:
    row: dict[str, object] = {
        "status": result.status.value,
        "expected": list(result.expected),
        "found": list(result.found),
    }
    if result.note:
        row["note"] = words.note(result.note, context)
    return row


def fix_as_dict(fix: Fix, zone: dns.name.Name) -> dict[str, object]:
    """Return one fix with names relative to the zone (`@` for its apex), unset fields left out.

    `zone` is in it where the fix belongs to another zone, to which its names are relative then.
    """
    zone = zone if fix.zone is None else fix.zone
    row: dict[str, object | None] = {
        "action": fix.action.value,
        "name": relative_name(fix.owner, zone),
        "old_name": relative_name(fix.old_owner, zone) if fix.old_owner is not None else None,
        "type": fix.type,
        "priority": fix.priority,
        "value": fix.value,
        "old": fix.old,
        "ttl": fix.ttl,
        "zone": None if fix.zone is None else full_name(fix.zone),
    }
    return {key: value for key, value in row.items() if value is not None}
