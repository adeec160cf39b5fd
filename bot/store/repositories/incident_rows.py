"""A subject of the watch read from its rows: what is known of it, and its open incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import String, and_, bindparam, exists, select, type_coerce

from bot.checks.export.archive import load_finding
from bot.store.repositories.awaited_goals import read_awaited
from bot.store.repositories.watched_rows import read_watched
from bot.store.watch_tables import AwaitedRow, IncidentRow, WatchedRow, WatcherRow
from bot.watch.incident import Incident
from bot.watch.look_decision import SubjectStanding

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_ANEW: Final = {"populate_existing": True}
_WANTED: Final = bindparam("wanted", type_=String)
_OWN_INCIDENTS: Final = and_(IncidentRow.subject == _WANTED, IncidentRow.closed_at.is_(None))
_OWN_AWAITED: Final = and_(
    type_coerce(AwaitedRow.domain, String) == _WANTED, AwaitedRow.ended_at.is_(None)
)
_OWN_WATCHERS: Final = type_coerce(WatcherRow.domain, String) == _WANTED
_FIND: Final = select(
    WatchedRow,
    exists().where(_OWN_INCIDENTS),
    exists().where(_OWN_AWAITED),
    exists().where(_OWN_WATCHERS),
).where(WatchedRow.subject == _WANTED)
_INCIDENTS: Final = select(IncidentRow).where(_OWN_INCIDENTS).order_by(IncidentRow.id)
_AWAITED: Final = select(AwaitedRow).where(_OWN_AWAITED).order_by(AwaitedRow.id)


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
    # One question says what else there is to read, which is nothing for most domains.
    found = session.execute(_FIND, {"wanted": subject}, execution_options=_ANEW).one_or_none()
    if found is None:
        return None
    row, has_incidents, has_awaited, has_watchers = found
    incidents = session.scalars(_INCIDENTS, {"wanted": subject}) if has_incidents else ()
    awaited = session.scalars(_AWAITED, {"wanted": subject}) if has_awaited else ()
    return SubjectStanding(
        read_watched(row),
        tuple(read_incident(each) for each in incidents),
        tuple(read_awaited(each) for each in awaited),
        has_watchers=bool(has_watchers),
    )
