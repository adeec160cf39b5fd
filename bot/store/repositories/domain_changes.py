"""What changed in domains from one look to the next, read for their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, tuple_

from bot.store.watch_tables import DomainChangeRow, WatchedRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database

# What is read of one domain, the latest: a zone that changes at each look has up to a megabyte a
# day, and whoever looks at its history must not have the bot read all of it.
MOST_ROWS: Final = 4_000
MOST_CHARACTERS: Final = 4_000_000
_PAGE: Final = 50  # rows


@dataclass(frozen=True, slots=True)
class KeptHistory:
    """The rows of a domain, the earliest first, each its time and its JSON; and its watch.

    `is_cut`: there are earlier ones, too many to be read. `is_watched`: it is looked at now. Where
    it is or was, `state` is the watch's JSON, empty before the first look, and the times are when
    it came and when a look found something out last.
    """

    rows: tuple[tuple[datetime, str], ...]
    is_cut: bool = False
    is_watched: bool = False
    state: str = ""
    added_at: datetime | None = None
    known_at: datetime | None = None


class DomainChanges:
    """Reads changes; each is written with the look that saw it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, domain: Domain, since: datetime) -> KeptHistory:
        """Return what is kept of a domain, changes since that moment."""
        return await self._database.read(lambda session: _read(session, domain, since))


def _read(session: Session, domain: Domain, since: datetime) -> KeptHistory:
    kept, is_cut = _read_latest(session, domain, since)
    watched = session.get(WatchedRow, domain.ascii)
    if watched is None:
        return KeptHistory(kept, is_cut=is_cut)
    return KeptHistory(
        kept,
        is_cut=is_cut,
        is_watched=watched.due_at is not None,
        state=watched.state,
        added_at=watched.added_at,
        known_at=watched.known_at,
    )


def _read_latest(
    session: Session, domain: Domain, since: datetime
) -> tuple[tuple[tuple[datetime, str], ...], bool]:
    """Return the latest rows, the earliest first, and whether there are more than may be read."""
    kept: list[tuple[datetime, str]] = []
    row, size, before = DomainChangeRow, 0, None
    query = (
        select(row.id, row.at, row.changes)
        .where(row.domain == domain, row.at >= since)
        .order_by(row.at.desc(), row.id.desc())
        .limit(_PAGE)
    )
    while True:
        page = query if before is None else query.where(tuple_(row.at, row.id) < before)
        rows = session.execute(page).all()
        for number, at, changes in rows:
            size += len(changes)
            if size > MOST_CHARACTERS or len(kept) == MOST_ROWS:
                return tuple(reversed(kept)), True
            kept.append((at, changes))
            before = (at, number)
        if len(rows) < _PAGE:
            return tuple(reversed(kept)), False
