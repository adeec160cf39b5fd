"""Looks at a domain made up for tests, and what the judgement makes of a row of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Finding, Note, Status
from bot.checks.report import SERVER_SIDE, CheckResult, Report
from bot.names import Domain
from bot.watch.judgement import judge_domain
from bot.watch.look_decision import SubjectStanding
from bot.watch.watched_domain import Seen, Watched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.watch.awaited_goal import Awaited
    from bot.watch.incident import Incident
    from bot.watch.look_decision import LookDecision

BEGIN: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
FRIEND: Final = Domain.from_ascii("friend.example")
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
PASS, INFO, UNKNOWN, WARN, FAIL = Status

_CODES: Final = {INFO: "optional-missing", UNKNOWN: "dns-timeout", WARN: "ns-silent"}
_PARTS: Final = ("delegation", "mx", "spf", "dkim", "dmarc")


def see(
    at: datetime,
    statuses: Mapping[Check, Status] | None = None,
    *,
    domain: Domain = FRIEND,
    codes: Mapping[Check, str] | None = None,
    found: Mapping[Check, tuple[str, ...]] | None = None,
    ttl: int | None = 300,
    ttls: Mapping[Check, int] | None = None,
    met: tuple[str, ...] = (),
    name_servers: tuple[str, ...] = ("ns1.dns.example.", "ns2.dns.example."),
) -> Seen:
    """Return a look that found every check right but those given; `met` are the server's faults."""
    results, findings = [], []
    for check in Check:
        status = (statuses or {}).get(check, PASS)
        if check is Check.SERVER and met:
            status = INFO
            findings.append(Finding(check, SERVER_SIDE, INFO, {"what": met}))
        elif status is not PASS:
            code = (codes or {}).get(check, _CODES.get(status, f"{check}-missing"))
            findings.append(Finding(check, code, status))
        results.append(
            CheckResult(
                check, status, found=(found or {}).get(check, ()), ttl=(ttls or {}).get(check, ttl)
            )
        )
    wrong = [f for f in findings if f.severity in {UNKNOWN, WARN, FAIL}]
    wrong.sort(key=lambda finding: -finding.severity.rank)
    report = Report(
        domain=domain,
        zone=domain.name,
        checked_at=at,
        results=tuple(results),
        findings=(*wrong, *(f for f in findings if f not in wrong)),
        queries=30,
        elapsed_ms=100,
        name_servers=name_servers,
    )
    bad = {finding.check.value for finding in wrong}
    return Seen(
        report,
        green=not wrong,
        next=next((part for part in _PARTS if part in bad), None),
        done=frozenset(part for part in _PARTS if part not in bad),
    )


def follow_from(seen: Seen, check: Check, code: str) -> Seen:
    """Return a look in which a check's bad status only follows from what another finding says."""
    report = seen.report
    results = tuple(
        replace(result, note=Note("follows-from", {"code": code}))
        if result.check is check
        else result
        for result in report.results
    )
    findings = tuple(finding for finding in report.findings if finding.check is not check)
    return replace(seen, report=replace(report, results=results, findings=findings))


def make_watched(*, subject: str = FRIEND.ascii, is_new: bool = False) -> Watched:
    """Return a domain of the mail server that nobody has looked at yet."""
    return Watched(
        subject=subject,
        hosted=True,
        by_hand=False,
        is_new=is_new,
        added_at=BEGIN,
        due_at=BEGIN,
        version=1,
    )


@dataclass
class WatchStory:
    """One domain through a row of looks, as the store would keep it.

    `told` are the news of incidents in their order: what is told, of which incident, and when.
    """

    watched: Watched = field(default_factory=make_watched)
    incidents: dict[int, Incident] = field(default_factory=dict)
    awaited: tuple[Awaited, ...] = ()
    told: list[tuple[str, int, datetime]] = field(default_factory=list)

    @property
    def open(self) -> tuple[Incident, ...]:
        """The incidents that are open."""
        return tuple(each for each in self.incidents.values() if each.closed_at is None)

    @property
    def said(self) -> list[str]:
        """What was told, in short: `opened mx`, `closed mx`."""
        return [f"{what} {self.incidents[number].check}" for what, number, _ in self.told]

    def take(self, seen: Seen, now: datetime | None = None) -> LookDecision | None:
        """Judge a look, keep what is decided, and return it."""
        standing = SubjectStanding(self.watched, self.open, self.awaited)
        decision = judge_domain(standing, seen, now or seen.report.checked_at)
        if decision is None:
            return None
        at = seen.report.checked_at
        self.watched = replace(decision.watched, version=self.watched.version + 1)
        for incident in decision.opened:
            number = len(self.incidents) + 1
            self.incidents[number] = replace(incident, id=number)
            self.told.append(("opened", number, at))
        for incident in (*decision.changed, *decision.closed):
            self.incidents[incident.id] = incident
        if not decision.silent:
            self.told += [("closed", incident.id, at) for incident in decision.closed]
        ended = (look.awaited for look in decision.awaited)
        self.awaited = tuple(each for each in ended if each.ended_at is None)
        return decision

    def see(self, after: timedelta, statuses: Mapping[Check, Status] | None = None) -> None:
        """Look so long after the beginning, and find these statuses."""
        self.take(see(BEGIN + after, statuses))
