"""What a look came to, written in the caller's transaction: state, incidents, history and news."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update

from bot.checks.export.archive import dump_finding
from bot.errors import StoreError
from bot.store.repositories.incident_rows import read_standing
from bot.store.repositories.leases import count_changed, is_held
from bot.store.repositories.watch_news_rows import (
    draw_anew,
    tell_awaited,
    tell_certificate,
    tell_incidents,
)
from bot.store.watch_tables import AwaitedRow, DomainChangeRow, IncidentRow, WatchedRow
from bot.watch.snapshot import dump_changes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from bot.watch.incident import Incident
    from bot.watch.look_decision import AwaitedLook, Decide, LookDecision
    from bot.watch.watched_domain import Watched

_A_DAY: Final = timedelta(days=1)
_MOST_CHARACTERS: Final = 200_000  # of the changes of one domain in a day; usual ones have 300


def settle_look(
    session: Session, subject: str, decide: Decide, now: datetime, taken: Watched | None = None
) -> LookDecision | None:
    """Return what `decide` says of a subject, written down with all that belongs to it.

    None where it is left as it is. `taken` is it as it was taken for this look: nothing is written
    where its lease has gone to somebody else, or ended with a look that was settled since.
    """
    standing = read_standing(session, subject)
    if standing is None:
        return None
    if taken is not None and standing.watched.lease_until != taken.lease_until:
        return None
    decision = decide(standing)
    if decision is None:
        return None
    ends_lease = taken is not None or _makes_up(standing.watched, decision.watched, now)
    if not _swap(session, decision, None if ends_lease else standing.watched.lease_until):
        raise StoreError(f"{subject} was changed by somebody else; it is looked at again.")
    ids = [_open(session, incident) for incident in decision.opened]
    for incident in (*decision.changed, *decision.closed):
        _change(session, incident)
    if decision.changes:
        _keep_changes(session, decision.watched, dump_changes(decision.changes))
    for look in decision.awaited:
        _note_awaited(session, look, now)
    closed = {} if decision.silent else {each.id: each.opened_at for each in decision.closed}
    if ids or closed:
        tell_incidents(session, subject, ids, closed, now)
    # What was told of the beginning must not go on saying that it is open.
    redrawn = [each for each in decision.changed if each.id in decision.redrawn]
    if known := {each.id: each.opened_at for each in (*redrawn, *decision.closed)}:
        draw_anew(session, subject, known, now)
    for told in decision.certificates:
        tell_certificate(session, told, now)
    return decision


def settle_quietly(
    session: Session, subject: str, decide: Decide, taken: Watched
) -> LookDecision | None:
    """Return what `decide` says of a subject that was taken, written down where it is quiet.

    None where there is more to write than the subject, or somebody changed it meanwhile: nothing is
    written then. It needs no state of the database that stays as it is: all that a quiet decision
    rests on is written with a new version of the subject, but for who watches it, which says
    nothing where the mail server or an admin has it.
    """
    standing = read_standing(session, subject)
    if standing is None or not (standing.watched.hosted or standing.watched.by_hand):
        return None
    decision = decide(standing)
    if decision is None or not decision.is_quiet:
        return None
    held = is_held(WatchedRow, taken.lease_until)
    return decision if _swap(session, decision, None, held) else None


def _makes_up(before: Watched, after: Watched, now: datetime) -> bool:
    """Whether a look that was made for another reason is the one that was due.

    What is noted besides, such as a fault met elsewhere, is no look: whoever looks goes on.
    """
    return after.looked_at != before.looked_at and (after.due_at is None or after.due_at > now)


def _swap(
    session: Session,
    decision: LookDecision,
    lease_until: datetime | None,
    *conditions: ColumnElement[bool],
) -> bool:
    """Return whether the subject was written down: it was as it was when that was decided."""
    watched = decision.watched
    swapped = count_changed(
        session,
        update(WatchedRow)
        .where(
            WatchedRow.subject == watched.subject,
            WatchedRow.version == watched.version,
            *conditions,
        )
        .values(
            due_at=watched.due_at,
            lease_until=lease_until,
            version=watched.version + 1,
            state=watched.state,
            status=watched.status,
            green=watched.green,
            next=watched.next,
            since=watched.since,
            looked_at=watched.looked_at,
            known_at=watched.known_at,
        )
        .execution_options(synchronize_session=False),
    )
    return bool(swapped)


def _keep_changes(session: Session, watched: Watched, changes: str) -> None:
    """Add a row to a domain's history, unless there were too many in a day: its zone is hostile."""
    at, domain = watched.looked_at, watched.domain
    if at is None or domain is None:
        return
    row = DomainChangeRow
    kept = select(func.coalesce(func.sum(func.length(row.changes)), 0)).where(
        row.domain == domain, row.at > at - _A_DAY
    )
    if session.scalars(kept).one() + len(changes) <= _MOST_CHARACTERS:
        session.add(DomainChangeRow(domain=domain, at=at, changes=changes))


def _open(session: Session, incident: Incident) -> int:
    row = IncidentRow(
        subject=incident.subject,
        check=incident.check,
        finding=dump_finding(incident.finding),
        began_at=incident.began_at,
        opened_at=incident.opened_at,
        seen_at=incident.seen_at,
        relapses=incident.relapses,
    )
    session.add(row)
    session.flush()
    return row.id


def _change(session: Session, incident: Incident) -> None:
    session.execute(
        update(IncidentRow)
        .where(IncidentRow.id == incident.id, IncidentRow.closed_at.is_(None))
        .values(
            finding=dump_finding(incident.finding),
            seen_at=incident.seen_at,
            good_since=incident.good_since,
            calm_until=incident.calm_until,
            relapses=incident.relapses,
            closed_at=incident.closed_at,
        )
        .execution_options(synchronize_session=False)
    )


def _note_awaited(session: Session, look: AwaitedLook, now: datetime) -> None:
    awaited = look.awaited
    ended = awaited.ended_at is not None
    noted = count_changed(
        session,
        update(AwaitedRow)
        .where(AwaitedRow.id == awaited.id, AwaitedRow.ended_at.is_(None))
        .values(
            due_at=awaited.due_at,
            attempts=awaited.attempts,
            seen=awaited.seen[:64],
            end=awaited.end,
            ended_at=awaited.ended_at,
        )
        .execution_options(synchronize_session=False),
    )
    if noted and ended:
        tell_awaited(session, look, now)
