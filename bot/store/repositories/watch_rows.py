"""Rows of the watch read as values, and made where a domain is to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, func, select

from bot.checks.export.archive import load_finding
from bot.checks.finding import Status
from bot.names import Domain
from bot.watch.awaited_goal import Awaited, AwaitedEnd
from bot.watch.incident import Incident
from bot.watch.look_decision import Standing
from bot.watch.watched_domain import MAIL_SERVER, Watched, Watcher
from bot.store.tables import AwaitedRow, IncidentRow, WatchedRow, WatcherRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

FIRST_VERSION: Final = 1


def read_watched(row: WatchedRow) -> Watched:
    """Return the subject that a row holds."""
    return Watched(
        subject=row.subject,
        hosted=row.hosted,
        by_hand=row.by_hand,
        is_new=row.is_new,
        added_at=row.added_at,
        due_at=row.due_at,
        version=row.version,
        state=row.state,
        status=None if row.status is None else Status(row.status),
        green=row.green,
        next=row.next,
        since=row.since,
        looked_at=row.looked_at,
        known_at=row.known_at,
        paused_until=row.paused_until,
    )


def read_incident(row: IncidentRow) -> Incident:
    """Return the incident that a row holds."""
    return Incident(
        id=row.id,
        subject=row.subject,
        check=row.check,
        finding=load_finding(row.finding),
        began_at=row.began_at,
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        good_since=row.good_since,
        calm_until=row.calm_until,
        relapses=row.relapses,
        closed_at=row.closed_at,
    )


def read_awaited(row: AwaitedRow) -> Awaited:
    """Return what a row says that a member waits for."""
    return Awaited(
        id=row.id,
        domain=row.domain,
        member_id=row.member_id,
        goal=row.goal,
        confidential=row.confidential,
        made_at=row.made_at,
        due_at=row.due_at,
        attempts=row.attempts,
        seen=row.seen,
        end=None if row.end is None else AwaitedEnd(row.end),
        ended_at=row.ended_at,
    )


def read_watcher(row: WatcherRow) -> Watcher:
    """Return the member that a row holds."""
    return Watcher(row.domain, row.member_id, row.added_at, row.paused_until)


def read_standing(session: Session, subject: str) -> Standing | None:
    """Return a subject as it is now; None where it is not watched."""
    row = session.get(WatchedRow, subject, populate_existing=True)
    if row is None:
        return None
    watched = read_watched(row)
    incidents = session.scalars(
        select(IncidentRow)
        .where(IncidentRow.subject == subject, IncidentRow.closed_at.is_(None))
        .order_by(IncidentRow.id)
    )
    known = tuple(read_incident(each) for each in incidents)
    if subject == MAIL_SERVER:
        return Standing(watched, known)
    domain = Domain.from_ascii(subject)
    awaited = session.scalars(
        select(AwaitedRow)
        .where(AwaitedRow.domain == domain, AwaitedRow.ended_at.is_(None))
        .order_by(AwaitedRow.id)
    )
    has_watchers = session.scalar(select(exists().where(WatcherRow.domain == domain)))
    return Standing(
        watched, known, tuple(read_awaited(each) for each in awaited), bool(has_watchers)
    )


def add_watched(
    session: Session, subjects: Iterable[str], now: datetime, *, is_new: bool = True
) -> None:
    """Add subjects, due now, that are not watched yet, in the caller's transaction."""
    for subject in subjects:
        session.add(
            WatchedRow(
                subject=subject,
                hosted=False,
                by_hand=False,
                is_new=is_new,
                added_at=now,
                due_at=now,
                version=FIRST_VERSION,
                state="",
                green=False,
            )
        )
    session.flush()


def have_looked_at(session: Session, domain: Domain, due_at: datetime, now: datetime) -> None:
    """Have a domain looked at when `due_at` comes, or before, in the caller's transaction.

    For whoever writes down in it that somebody waits for something, or wants to be told.
    """
    row = session.get(WatchedRow, domain.ascii, populate_existing=True)
    if row is None:
        add_watched(session, [domain.ascii], now)
        row = session.get_one(WatchedRow, domain.ascii)
    if row.due_at is None or due_at < row.due_at:
        row.due_at = due_at
        # What is being decided about a look knows nothing of whoever came meanwhile.
        row.version += 1


def count_open(session: Session) -> int:
    """Return how many incidents are open."""
    found = select(func.count()).select_from(IncidentRow).where(IncidentRow.closed_at.is_(None))
    return session.scalar(found) or 0
