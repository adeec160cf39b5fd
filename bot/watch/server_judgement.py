"""What a look at the mail server itself means, and what domains' looks met of its faults.

Its faults are incidents of its own, never of a domain. Nothing is asked here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Finding, ServerCheck, Status
from bot.checks.report import SERVER_SIDE, faults_of
from bot.checks.server.client_ports import port_faults
from bot.checks.server.server_report import found_nothing_out
from bot.checks.server.shown_certificates import list_certificates
from bot.net.port_look import CertificateState
from bot.watch.fault_tracking import Sight, look_times, track_faults
from bot.watch.judgement import find_first, is_held, knows_needed, was_judged
from bot.watch.look_decision import LookDecision
from bot.watch.look_schedule import daily_look
from bot.watch.watch_news import CertificateTold
from bot.watch.watch_state import dump_state, load_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.checks.report import Report
    from bot.checks.server.server_report import ServerReport
    from bot.watch.look_decision import SubjectStanding
    from bot.watch.watch_state import Suspicion, WatchState

SECOND_LOOK: Final = timedelta(minutes=10)  # at a fault of the mail server
PATIENCE: Final = timedelta(hours=2)  # with a report that does not find out what domains met
WARNED_AT: Final = (1, 7, 21)  # days before a certificate ends

_LAST_PART: Final = 4  # a quarter of its time: what lasts for weeks is renewed later than 21 days
# A certificate that ends soon is news of its own; domains' checks and the report have words for it.
_TOLD_APART: Final = frozenset({"certificate-ends", "server-cert-ends"})
_DAY: Final = timedelta(days=1)
_WRONG: Final = frozenset({Status.WARN, Status.FAIL})

# What the checks of domains call a fault that the server's own report says more of.
_SAME_FAULT: Final[Mapping[str, ServerCheck]] = MappingProxyType(
    {
        "host-without-address": ServerCheck.ADDRESS,
        "spf-include": ServerCheck.SPF,
        "report-authorisation": ServerCheck.REPORTS,
        "ports-closed": ServerCheck.PORTS,
        "ports-tls": ServerCheck.PORTS,
        "certificate-wrong": ServerCheck.CERTIFICATE,
    }
)


@dataclass(frozen=True, slots=True)
class ServerLook:
    """What one look at the mail server came to.

    `domains` are the reports of domains at which one of its faults was met, by name.
    """

    at: datetime
    report: ServerReport
    domains: Mapping[str, Report] = field(default_factory=lambda: MappingProxyType({}))


def judge_met_faults(
    standing: SubjectStanding, whats: Iterable[str], domain: str, at: datetime
) -> LookDecision | None:
    """Return that checks met faults of the mail server: a look at it will say whether they last.

    None where all of it is known. `domain` is where they were met.
    """
    state = load_state(standing.watched.state)
    known = {*state.suspicions, *(i.check for i in standing.incidents if i.good_since is None)}
    back = {i.check for i in standing.incidents if i.good_since is not None}
    told = _list_told(standing)
    new = [
        what
        for what in dict.fromkeys(whats)
        if what not in known | _TOLD_APART and (what in back or _SAME_FAULT.get(what) not in told)
    ]
    if not new:
        return None
    sights = {what: Sight(_make_finding(what), again_after=SECOND_LOOK) for what in new}
    tracked = track_faults(
        standing.watched.subject, state.suspicions, standing.incidents, sights, at
    )
    met = MappingProxyType({**state.met, **dict.fromkeys(new, domain)})
    after = replace(state, suspicions=tracked.suspicions, met=met)
    times = look_times(tracked, standing.incidents, at)
    due_at = min((standing.watched.due_at or at, *times))
    return LookDecision(
        watched=replace(standing.watched, state=dump_state(after), due_at=due_at),
        changed=tracked.changed,
        redrawn=tracked.redrawn,
    )


def judge_server(standing: SubjectStanding, look: ServerLook, now: datetime) -> LookDecision | None:
    """Return what a look at the mail server means; None where one as late was judged before."""
    watched, at = standing.watched, look.at
    if was_judged(watched, at, now):
        return None
    before = load_state(watched.state)
    report = None if found_nothing_out(look.report) else look.report
    bad = {} if report is None else _list_bad(report, before)
    told_better = {sight.check for sight in bad.values()} | _list_told(standing)
    suspicions = {
        key: one
        for key, one in before.suspicions.items()
        if one.check or _SAME_FAULT.get(key) not in told_better
    }
    sights = _put_together(standing, bad)
    for key, sight in _list_followed(standing, suspicions, before.met, look):
        sights.setdefault(key, sight)
    tracked = track_faults(
        watched.subject, suspicions, standing.incidents, sights, at, held=is_held(watched, at)
    )
    ended = {incident.id for incident in tracked.closed}
    still = [each for each in (*standing.incidents, *tracked.opened) if each.id not in ended]
    followed = {*tracked.suspicions, *(incident.check for incident in still)}
    state = replace(
        before,
        suspicions=tracked.suspicions,
        first=before.first if report is None else find_first(report),
        met=MappingProxyType({w: domain for w, domain in before.met.items() if w in followed}),
    )
    times = (*look_times(tracked, standing.incidents, at), *_warning_times(look.report))
    due_at = min((daily_look(watched.subject, at), *times))
    noted = replace(watched, state=dump_state(state), looked_at=at, due_at=due_at)
    if report is not None:
        status = max((f.severity for f in report.steps), key=lambda s: s.rank, default=Status.PASS)
        noted = replace(
            noted,
            status=status,
            green=not still and state.first is None,
            since=watched.since if status is watched.status else at,
            known_at=at,
        )
    return LookDecision(
        watched=noted,
        opened=tracked.opened,
        changed=tracked.changed,
        closed=tracked.closed,
        redrawn=tracked.redrawn,
        certificates=() if report is None else tuple(_list_endings(report)),
    )


def _list_bad(report: ServerReport, before: WatchState) -> dict[str, Sight]:
    """Return what is wrong by the server's own report, by its code."""
    bad: dict[str, Sight] = {}
    for finding in report.findings:
        if finding.severity not in _WRONG or finding.code in _TOLD_APART:
            continue
        # What a check of a domain met of it was the first look.
        met = [
            suspicion.began_at
            for what, suspicion in before.suspicions.items()
            if _SAME_FAULT.get(what) == finding.check
        ]
        bad.setdefault(
            finding.code,
            Sight(
                finding,
                again_after=SECOND_LOOK,
                check=finding.check.value,
                since=min(met, default=None),
            ),
        )
    return bad


def _put_together(standing: SubjectStanding, bad: Mapping[str, Sight]) -> dict[str, Sight]:
    """Return what is wrong by the incident that it belongs to, else by its own code.

    What checks of domains met first goes on as the incident that it was told as.
    """
    keys = {_SAME_FAULT[i.check]: i.check for i in standing.incidents if i.check in _SAME_FAULT}
    known = {incident.check for incident in standing.incidents}
    sights: dict[str, Sight] = {}
    for code, sight in bad.items():
        key = code if code in known else keys.get(ServerCheck(sight.check), code)
        sights.setdefault(key, sight)
    return sights


def _list_told(standing: SubjectStanding) -> set[ServerCheck]:
    """Return the checks of the server's own report of which an incident is open."""
    checks = {_SAME_FAULT.get(i.check, i.finding.check) for i in standing.incidents}
    return {check for check in checks if isinstance(check, ServerCheck)}


def _list_followed(
    standing: SubjectStanding,
    suspicions: Mapping[str, Suspicion],
    met: Mapping[str, str],
    look: ServerLook,
) -> Iterator[tuple[str, Sight]]:
    """Yield how faults are now that are suspected or open; what is not known is left out.

    Those of the server's own report are right here: what is still wrong there is told by it.
    """
    checks = {key: suspicion.check for key, suspicion in suspicions.items()}
    for incident in standing.incidents:
        of_report = isinstance(incident.finding.check, ServerCheck)
        checks[incident.check] = incident.finding.check.value if of_report else ""
    for key, check in checks.items():
        if check:
            if _is_known(look.report, ServerCheck(check)):
                yield key, Sight()
            continue
        sight = _look_again(key, met.get(key, ""), look)
        if sight is None:
            continue
        same, suspicion = _SAME_FAULT.get(key), suspicions.get(key)
        # The server's own report may say more of it as soon as it finds out enough.
        is_young = suspicion is not None and look.at - suspicion.began_at < PATIENCE
        if sight.finding is None or same is None or not is_young or _is_known(look.report, same):
            yield key, sight


def _is_known(report: ServerReport, check: ServerCheck) -> bool:
    """Whether a look found out everything that one check of the server is about."""
    states = [result for result in report.results if result.check is check]
    found_out = states and all(result.status is not Status.UNKNOWN for result in states)
    doubts = (f for f in report.findings if f.check is check and f.severity is Status.UNKNOWN)
    return bool(found_out) and not any(doubts)


def _look_again(what: str, domain: str, look: ServerLook) -> Sight | None:
    """Return how a fault is now that a check met at a domain; None where that is not known."""
    if domain == look.report.domain.ascii:
        ports = look.report.ports
        if what in port_faults(ports, look.at):
            return Sight(_make_finding(what), again_after=SECOND_LOOK)
        return Sight() if any(port.is_known for port in ports) else None
    report = look.domains.get(domain)
    if report is None:
        return None
    if what in faults_of(report):
        return Sight(_make_finding(what), again_after=SECOND_LOOK)
    is_gone = any(r.check is Check.DELEGATION and r.status is Status.FAIL for r in report.results)
    return Sight() if is_gone or knows_needed(report) else None


def _make_finding(what: str) -> Finding:
    return Finding(Check.SERVER, SERVER_SIDE, Status.INFO, MappingProxyType({"what": (what,)}))


def _warning_times(report: ServerReport) -> Iterator[datetime]:
    """Yield when to look again as a certificate comes to the days at which that is told."""
    for certificate in list_certificates(report.ports):
        times = (certificate.not_after - days * _DAY for days in WARNED_AT)
        yield from (time for time in times if time > report.checked_at)


def _list_endings(report: ServerReport) -> Iterator[CertificateTold]:
    """Yield which certificates end soon that should have been renewed by now."""
    at = report.checked_at
    ports: dict[datetime, list[int]] = {}
    for certificate, looks in list_certificates(report.ports).items():
        lasts, left = certificate.not_after - certificate.not_before, certificate.not_after - at
        is_late = timedelta(0) < left < lasts / _LAST_PART
        if certificate.state is CertificateState.VALID and is_late:
            numbers = ports.setdefault(certificate.not_after, [])
            numbers += [look.port.number for look in looks if look.port.number not in numbers]
    for ends_at, numbers in ports.items():
        days = next((days for days in WARNED_AT if ends_at - at <= days * _DAY), None)
        if days is not None:
            yield CertificateTold(report.domain.ascii, tuple(sorted(numbers)), ends_at, days)
