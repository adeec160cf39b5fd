"""The domains that the mail server told, written to what is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from bot.store.repositories.look_settlement import settle_look
from bot.store.repositories.watched_rows import make_watched
from bot.store.watch_tables import WatchedRow
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.watch.domain_list import Listing


def note_listing(session: Session, listing: Listing, now: datetime) -> None:
    """Write down which domains are hosted, in the caller's transaction."""
    known = {
        row.subject: row
        for row in session.execute(
            select(
                WatchedRow.subject,
                WatchedRow.hosted,
                WatchedRow.is_new,
                WatchedRow.added_at,
                WatchedRow.missed_at,
                WatchedRow.due_at,
            ).where(WatchedRow.subject != MAIL_SERVER)
        )
    }
    for subject, first_due in listing.domains.items():
        row = known.get(subject)
        if row is None:
            new = make_watched(subject, now, is_new=not listing.is_first)
            new.hosted, new.due_at = True, first_due if listing.is_first else now
            session.add(new)
        elif not row.hosted or row.missed_at is not None:
            # Who waited for it before has not set it up yet.
            added_at = row.added_at if row.hosted else now
            due_at = row.due_at or now
            _change(session, subject, hosted=True, missed_at=None, due_at=due_at, added_at=added_at)
    for subject in known.keys() - listing.domains.keys():
        row = known[subject]
        if not row.hosted:
            continue
        if row.missed_at is None:
            _change(session, subject, missed_at=now)
        elif row.missed_at <= listing.gone_before:
            _change(session, subject, hosted=False, due_at=now)
    session.flush()
    settle_look(session, MAIL_SERVER, listing.note, now)


def _change(session: Session, subject: str, **values: object) -> None:
    # What is being decided about a look is decided anew: it may think that it is hosted.
    own = update(WatchedRow).where(WatchedRow.subject == subject)
    session.execute(
        own.values(version=WatchedRow.version + 1, **values).execution_options(
            synchronize_session=False
        )
    )
