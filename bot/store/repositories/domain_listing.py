"""The domains that the mail server told, written to what is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.repositories.look_settlement import settle_look
from bot.store.repositories.watched_rows import make_watched
from bot.store.tables import WatchedRow
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.watch.domain_list import Listing


def note_listing(session: Session, listing: Listing, now: datetime) -> None:
    """Write down which domains are hosted, in the caller's transaction."""
    rows = {
        row.subject: row
        for row in session.scalars(select(WatchedRow).where(WatchedRow.subject != MAIL_SERVER))
    }
    for subject, first_due in listing.domains.items():
        row = rows.get(subject)
        if row is None:
            row = make_watched(subject, now, is_new=not listing.is_first)
            row.due_at = first_due if listing.is_first else now
            session.add(row)
        elif row.due_at is None:
            row.due_at = now
        row.hosted, row.missed_at = True, None
    for subject in rows.keys() - listing.domains.keys():
        row = rows[subject]
        if not row.hosted:
            continue
        if row.missed_at is None:
            row.missed_at = now
        elif row.missed_at <= listing.gone_before:
            row.hosted, row.due_at = False, now
            row.version += 1  # what is being decided about a look thinks that it is hosted
    session.flush()
    settle_look(session, MAIL_SERVER, listing.note, now)
