"""The report of the mail server itself: what is its own fault, causes before consequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.export.as_json import report_as_dict
from bot.checks.finding import Finding, Note, ServerCheck, Status
from bot.checks.report import CheckResult, Report
from bot.checks.server.client_ports import judge_ports, relevant, was_looked_at
from bot.checks.server.handed_out_dmarc import judge_dmarc, judge_reports
from bot.checks.server.handed_out_spf import judge_helo, judge_spf
from bot.checks.server.host_name import judge_address, judge_dane, judge_reverse, judge_zone
from bot.checks.server.port_rows import (
    SeenState,
    certificates_as_dicts,
    port_rows,
    ports_as_dicts,
)
from bot.checks.server.shown_certificates import judge_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.checks.export.as_json import FindingWords
    from bot.checks.finding import Verdict
    from bot.checks.server.port_rows import PortRow
    from bot.checks.server.server_observation import ServerObservation
    from bot.net.port_look import PortLook
    from bot.records.mail_server import MailServer

# What cannot be judged without the host's addresses.
_NEEDS_ADDRESS = frozenset(
    {
        ServerCheck.REVERSE,
        ServerCheck.SPF,
        ServerCheck.HELO,
        ServerCheck.PORTS,
        ServerCheck.CERTIFICATE,
    }
)
# What is known without having reached anybody.
_ASKS_NOBODY = frozenset({ServerCheck.DMARC, ServerCheck.REPORTS})


@dataclass(frozen=True, slots=True)
class ServerReport(Report):
    """The report of the mail server, with what was seen at its ports; none where nobody looked."""

    ports: tuple[PortLook, ...] = ()

    def rows(self) -> tuple[PortRow, ...]:
        """Return what people are shown of each port; nothing where none was found out."""
        rows = port_rows(self.ports, self.findings, self.checked_at)
        return rows if any(row.state is not SeenState.UNSEEN for row in rows) else ()


def compile_server_report(
    observed: ServerObservation, checked_at: datetime, elapsed_ms: int
) -> ServerReport:
    """Return the report of all judges' verdicts, whose domain is the mail host; pure."""
    verdicts = (
        judge_zone(observed),
        judge_address(observed),
        judge_reverse(observed),
        judge_spf(observed),
        judge_helo(observed),
        judge_dmarc(observed),
        judge_reports(observed),
        judge_dane(observed),
        *_judge_looks(observed, checked_at),
    )
    without_address = "" if observed.reachable else _reason(verdicts)
    results, findings = [], list[Finding]()
    for verdict in verdicts:
        check, status, kept, note = verdict.check, verdict.status, verdict.findings, verdict.note
        if without_address and check in _NEEDS_ADDRESS:
            # A value that is broken for everybody is a fault of its own.
            kept = tuple(f for f in kept if f.severity is Status.FAIL)
            if not kept:
                status, note = Status.UNKNOWN, Note("follows-from", {"code": without_address})
        results.append(CheckResult(check, status, verdict.expected, verdict.found, note))
        findings.extend(kept)
    return ServerReport(
        domain=observed.seen.domain,
        zone=observed.zone,
        checked_at=checked_at,
        results=tuple(results),
        findings=tuple(sorted(findings, key=_order)),
        queries=observed.seen.queries,
        elapsed_ms=elapsed_ms,
        ports=observed.ports,
    )


def _judge_looks(observed: ServerObservation, now: datetime) -> Iterator[Verdict]:
    """Judge what was seen at the ports, where there was a host to look at."""
    pop = observed.server.pop
    if was_looked_at(observed.ports):
        yield judge_ports(observed.ports, pop=pop)
        yield judge_certificates(relevant(observed.ports, pop=pop), now)


def found_nothing_out(report: Report) -> bool:
    """Whether nobody answered anything about the server."""
    return all(
        result.status is Status.UNKNOWN
        for result in report.results
        if result.check not in _ASKS_NOBODY
    )


def server_report_as_dict(
    report: ServerReport, server: MailServer, words: FindingWords
) -> dict[str, object]:
    """Return the report as JSON-ready values, in the shape of a domain's with `server` for it.

    Beside that it has what was seen at each port, and the certificates.
    """
    row = report_as_dict(report, server, words)
    return {
        **{("server" if key == "domain" else key): value for key, value in row.items()},
        "ports": ports_as_dicts(report.ports, report.checked_at),
        "certificates": certificates_as_dicts(report.ports, report.checked_at),
    }


def _reason(verdicts: tuple[Verdict, ...]) -> str:
    """Return the code of the finding that says why no address is known."""
    findings = (f for v in verdicts if v.check is ServerCheck.ADDRESS for f in v.findings)
    return next((finding.code for finding in findings), "")


def _order(finding: Finding) -> tuple[int, int]:
    # Sorting is stable: within a check the judge's own order, root cause first, stays.
    return -finding.severity.rank, ServerCheck(finding.check.value).place
