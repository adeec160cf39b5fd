"""A subject of the watch read from its rows: what is known of it, and its open incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from bot.checks.export.archive import load_finding
from bot.names import Domain
from bot.store.repositories.awaited_goals import read_awaited
from bot.store.repositories.watched_rows import read_watched
from bot.store.tables import AwaitedRow, IncidentRow, WatchedRow, WatcherRow
from bot.watch.incident import Incident
from bot.watch.look_decision import SubjectStanding
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


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


def read_standing(session: Session, subject: str) -> SubjectStanding | None:
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
        return SubjectStanding(watched, known)
    domain = Domain.from_ascii(subject)
    awaited = session.scalars(
        select(AwaitedRow)
        .where(AwaitedRow.domain == domain, AwaitedRow.ended_at.is_(None))
        .order_by(AwaitedRow.id)
    )
    has_watchers = session.scalar(select(exists().where(WatcherRow.domain == domain)))
    return SubjectStanding(
        watched, known, tuple(read_awaited(each) for each in awaited), bool(has_watchers)
    )
