"""News of the watch for tests: incidents of real findings, and what follows from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Finding, ServerCheck, Status
from bot.checks.report import SERVER_SIDE
from bot.checks.zone_place import ZonePlace
from bot.names import Domain
from bot.watch.awaited_goal import MOST_AWAITED, Awaited, AwaitedEnd
from bot.watch.incident import Incident
from bot.watch.snapshot import Snapshot, compare_snapshots, take_snapshot
from bot.watch.watch_news import (
    AwaitedTold,
    CertificateTold,
    DigestLine,
    DigestTold,
    IncidentsTold,
    NewsKind,
)
from bot.watch.watch_overview import Listed, OwnWatch, UndeliveredNews, WatchOverview
from bot.watch.watched_domain import MAIL_SERVER, MOST_OF_MEMBER, Watched, Watcher
from zone_reports import ALIASES, DKIM, DMARC, MX, SPF, report_on

if TYPE_CHECKING:
    from bot.checks.report import Report

BEGAN = datetime(2026, 11, 29, 6, tzinfo=UTC)
OPENED = BEGAN + timedelta(hours=1)
FRIEND = "friend.example"


@cache
def missing(check: Check) -> Finding:
    """Return what a check of a domain says whose record for this check is not there."""
    parts = {Check.MX: MX, Check.SPF: SPF, Check.DKIM: DKIM, Check.DMARC: DMARC}
    report = report_on(*(text for of, text in parts.items() if of is not check), ALIASES)
    return next(finding for finding in report.steps if finding.check is check)


def incident(finding: Finding | None = None, number: int = 1, subject: str = FRIEND) -> Incident:
    """Return an incident that has just been opened; by default for want of an MX record."""
    finding = finding or missing(Check.MX)
    check = finding.check.value
    return Incident(number, subject, check, finding, BEGAN, OPENED, OPENED)


def calm(of: Incident, *, relapses: int = 0) -> Incident:
    """Return an incident that looks right, and has not stayed so for long enough."""
    good = OPENED + timedelta(hours=3)
    until = good + timedelta(days=1)
    return replace(of, good_since=good, calm_until=until, relapses=relapses)


def ended(of: Incident) -> Incident:
    """Return an incident that is closed."""
    good = OPENED + timedelta(hours=3)
    return replace(of, good_since=good, closed_at=good + timedelta(days=1))


def server_incident(what: str, number: int = 1) -> Incident:
    """Return an incident of the mail server by what the judges call its fault."""
    finding = Finding(Check.SERVER, SERVER_SIDE, Status.INFO, {"what": (what,)})
    return replace(incident(finding, number, MAIL_SERVER), check=what)


def port_incident() -> Incident:
    """Return an incident of the mail server by its own daily report."""
    facts = {"ports": ("IMAP 993",), "names": (), "good": ()}
    finding = Finding(ServerCheck.PORTS, "server-port-closed", Status.FAIL, facts)
    return replace(incident(finding, 1, MAIL_SERVER), check="server-port-closed")


@cache
def told_of_mx() -> IncidentsTold:
    """Return that the MX record went a day before it was missed, when the name servers changed."""
    right = report_on(MX, SPF, DKIM, DMARC, ALIASES)
    moved = ("ns1.new.example.", "ns2.new.example.")
    gone = replace(report_on(SPF, DKIM, DMARC, ALIASES), name_servers=moved)
    before = take_snapshot(right, Snapshot())
    changes = compare_snapshots(before, take_snapshot(gone, before))
    (finding,) = (f for f in gone.steps if f.check is Check.MX)
    return IncidentsTold(
        opened=(incident(finding),),
        changes=((BEGAN - timedelta(days=1), changes),),
        place=ZonePlace.of_report(gone),
    )


def told_of_report(report: Report) -> IncidentsTold:
    """Return what is told where all that a report has to do broke at once; nothing if nothing."""
    subject = report.domain.ascii
    broken = [f for f in report.steps if f.severity in {Status.WARN, Status.FAIL}]
    opened = tuple(incident(f, number, subject) for number, f in enumerate(broken, start=1))
    return IncidentsTold(opened, place=ZonePlace.of_report(report))


def digest(count: int, total: int = 500) -> DigestTold:
    """Return a digest of so many domains that are not all right, every third not known."""
    lines = tuple(
        DigestLine(
            f"friend-{number}.example",
            Status.UNKNOWN if number % 3 == 2 else Status.FAIL,
            "mx" if number % 3 else None,
            BEGAN,
            None if number % 3 == 2 else missing(Check.MX),
            BEGAN,
        )
        for number in range(count)
    )
    return DigestTold(OPENED, total, lines)


def certificate(days: int = 7) -> CertificateTold:
    """Return that the mail host's certificate ends in so many days."""
    return CertificateTold("mx1.cow.example", (993, 465), OPENED + timedelta(days=days), days)


def awaited(goal: str, end: AwaitedEnd) -> AwaitedTold:
    """Return how waiting for something ended; where it was given up, for want of an MX record."""
    domain = Domain.from_ascii(FRIEND)
    waited = Awaited(1, domain, 7, goal, confidential=True, made_at=BEGAN, due_at=OPENED, end=end)
    return AwaitedTold(waited, missing(Check.MX) if end is AwaitedEnd.GIVEN_UP else None)


def watched(number: int, *, known: bool = True) -> Watched:
    """Return what is known of a domain, which nobody is told of for a while."""
    seen = BEGAN if known else None
    return Watched(
        f"domain-number-{number}.example",
        *(True, False, False),
        added_at=BEGAN,
        due_at=OPENED,
        version=1,
        status=Status.FAIL if known else None,
        since=seen,
        looked_at=OPENED,
        known_at=seen,
        paused_until=OPENED + timedelta(days=7),
    )


def full_list() -> OwnWatch:
    """Return all that one member may have of the watch at once."""
    of_all = [watched(number) for number in range(MOST_OF_MEMBER)]
    domains = [Domain.from_ascii(each.subject) for each in of_all]
    until = OPENED + timedelta(days=7)
    waits = Awaited(1, domains[0], 7, "mx+spf+dkim+dmarc", False, BEGAN, OPENED)
    return OwnWatch(
        tuple((Watcher(d, 7, BEGAN, until), w) for d, w in zip(domains, of_all, strict=True)),
        tuple(replace(waits, id=number) for number in range(1, MOST_AWAITED + 1)),
        tuple(UndeliveredNews(NewsKind.INCIDENTS, FRIEND, BEGAN) for _ in range(5)),
    )


def full_overview() -> WatchOverview:
    """Return a watch with far more to tell than a card has room for."""
    return WatchOverview(
        BEGAN,
        *(500, 499),
        Listed(
            tuple(incident(None, number, f"domain-{number}.example") for number in range(60)), 440
        ),
        Listed(tuple(watched(number, known=bool(number % 2)) for number in range(30))),
        Listed(tuple(watched(number) for number in range(20))),
        OPENED,
    )
