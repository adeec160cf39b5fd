"""What changed in domains from one look to the next, read for their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.tables import DomainChangeRow
from bot.watch.snapshot import load_changes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database
    from bot.watch.snapshot import SnapshotChanges


class DomainChanges:
    """Reads changes; each is written with the look that saw it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, domain: Domain, since: datetime
    ) -> tuple[tuple[datetime, SnapshotChanges], ...]:
        """What changed in a domain since that moment, each with the time of its look, in order."""
        own = (
            select(DomainChangeRow.at, DomainChangeRow.changes)
            .where(DomainChangeRow.domain == domain, DomainChangeRow.at >= since)
            .order_by(DomainChangeRow.at, DomainChangeRow.id)
        )

        def find(session: Session) -> tuple[tuple[datetime, SnapshotChanges], ...]:
            return tuple((at, load_changes(text)) for at, text in session.execute(own))

        return await self._database.read(find)
