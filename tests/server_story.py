"""Looks at the mail server made up for tests, and what the judgement makes of a row of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Finding, ServerCheck, Status
from bot.checks.report import CheckResult
from bot.checks.server.server_report import ServerReport
from bot.names import Domain
from bot.watch.look_decision import SubjectStanding
from bot.watch.server_judgement import ServerLook, judge_met_faults, judge_server
from bot.watch.watched_domain import MAIL_SERVER
from watch_story import make_watched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.checks.report import Report
    from bot.net.port_look import PortLook
    from bot.watch.incident import Incident
    from bot.watch.look_decision import LookDecision
    from bot.watch.watched_domain import Watched

HOST: Final = Domain.from_ascii("mx1.cow.example")


def see_server(
    at: datetime,
    statuses: Mapping[ServerCheck, Status] | None = None,
    *,
    codes: Mapping[ServerCheck, tuple[str, ...]] | None = None,
    ports: tuple[PortLook, ...] = (),
) -> ServerReport:
    """Return a look that found every check of the server right but those given."""
    results, findings = [], []
    for check in ServerCheck:
        status = (statuses or {}).get(check, Status.PASS)
        results.append(CheckResult(check, status))
        if status is not Status.PASS:
            own = (codes or {}).get(check, (f"server-{check}-{status}",))
            findings += [Finding(check, code, status) for code in own]
    return ServerReport(
        domain=HOST,
        zone=HOST.name,
        checked_at=at,
        results=tuple(results),
        findings=tuple(sorted(findings, key=lambda finding: -finding.severity.rank)),
        queries=9,
        elapsed_ms=80,
        ports=ports,
    )


@dataclass
class ServerStory:
    """The mail server through a row of looks, as the store would keep it."""

    watched: Watched = field(default_factory=lambda: make_watched(subject=MAIL_SERVER))
    incidents: dict[int, Incident] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def standing(self) -> SubjectStanding:
        """The mail server as it is now."""
        still = tuple(each for each in self.incidents.values() if each.closed_at is None)
        return SubjectStanding(self.watched, still)

    def take(self, report: ServerReport, **domains: Report) -> LookDecision | None:
        """Judge a look, with those at domains where a fault was met, and keep what is decided."""
        named = {each.domain.ascii: each for each in domains.values()}
        look = ServerLook(report.checked_at, report, named)
        return self._keep(judge_server(self.standing, look, look.at))

    def meet(self, *whats: str, domain: str, at: datetime) -> LookDecision | None:
        """Meet faults in the check of a domain."""
        return self._keep(judge_met_faults(self.standing, whats, domain, at))

    def _keep(self, decision: LookDecision | None) -> LookDecision | None:
        if decision is None:
            return None
        self.watched = decision.watched
        for incident in decision.opened:
            self.incidents[len(self.incidents) + 1] = replace(incident, id=len(self.incidents) + 1)
            self.said.append(f"opened {incident.check}")
        for incident in (*decision.changed, *decision.closed):
            self.incidents[incident.id] = incident
        self.said += [f"closed {incident.check}" for incident in decision.closed]
        return decision
