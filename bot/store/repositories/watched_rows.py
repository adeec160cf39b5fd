"""Rows of what is watched: read as values, and made where somebody begins to want one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.store.watch_tables import WatchedRow
from bot.watch.watched_domain import Watched

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain


def begin_watching(session: Session, domain: Domain, now: datetime) -> WatchedRow:
    """The row of a domain, in the caller's transaction; a new one is due at once.

    One that is there keeps its own time, which a look that runs just then writes, unless it was
    looked at no more.
    """
    row = session.get(WatchedRow, domain.ascii)
    if row is None:
        row = make_watched(domain.ascii, now)
        session.add(row)
    if row.due_at is None:
        row.due_at = now
    return row


def have_looked_at(session: Session, domain: Domain, now: datetime) -> WatchedRow:
    """The row of a domain, whose next look is due at once, in the caller's transaction."""
    row = begin_watching(session, domain, now)
    row.due_at = now
    row.version += 1  # what a look decides that runs just then is decided anew
    return row


def make_watched(subject: str, now: datetime, *, is_new: bool = True) -> WatchedRow:
    """A new row of a subject that is due now."""
    return WatchedRow(
        subject=subject,
        hosted=False,
        by_hand=False,
        is_new=is_new,
        added_at=now,
        due_at=now,
        version=1,
        state="",
        green=False,
    )


def read_watched(row: WatchedRow) -> Watched:
    """What a row says."""
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
        lease_until=row.lease_until,
    )
